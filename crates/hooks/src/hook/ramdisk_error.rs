//! Hook: an error that the ramdisk reports fails the introspection.

use serde_json::Value;

use super::Hook;
use crate::{HookSettings, Subject};

/// Fails on `data.error`, and takes the logs out of the processed report: they belong to the raw
/// one, and rules have no use for an archive.
pub(crate) struct RamdiskError;

impl Hook for RamdiskError {
    fn name(&self) -> &'static str {
        "ramdisk_error"
    }

    fn before(&self, data: &mut Value, _: &HookSettings) -> Result<(), String> {
        match data.get("error") {
            None | Some(Value::Null | Value::Bool(false)) => Ok(()),
            Some(Value::String(text)) if text.is_empty() => Ok(()),
            Some(Value::String(text)) => Err(format!("The ramdisk reported an error: {text}")),
            Some(other) => Err(format!("The ramdisk reported an error: {other}")),
        }
    }

    fn update(&self, subject: &mut Subject, _: &HookSettings) -> Result<(), String> {
        if let Some(report) = subject.data.as_object_mut() {
            report.shift_remove("logs");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    #[test]
    fn an_error_of_the_ramdisk_fails() {
        let check =
            |error| RamdiskError.before(&mut json!({"error": error}), &HookSettings::default());
        assert_eq!(
            check(json!("no disks")).unwrap_err(),
            "The ramdisk reported an error: no disks"
        );
        assert!(check(json!(["a"])).is_err());
        assert!(check(json!(null)).is_ok() && check(json!("")).is_ok());
    }

    #[test]
    fn logs_are_not_part_of_the_processed_report() {
        let mut subject = fixture::subject(fixture::report());
        RamdiskError
            .update(&mut subject, &HookSettings::default())
            .unwrap();
        assert_eq!(subject.data.get("logs"), None);
    }
}
