//! Why hooks or rules stopped; the text is what an introspection shows as its error.

use crate::RuleFailure;

/// Why a report could not be processed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The settings contradict themselves or name a hook that does not exist.
    #[error("{0}")]
    Settings(String),
    /// Hooks refused the report before anything was changed; each with its reason.
    #[error("{}", preprocessing(.0))]
    Preprocessing(Vec<(&'static str, String)>),
    /// A hook failed while it changed the node.
    #[error("Hook {hook}: {message}")]
    Hook {
        /// Name of the hook.
        hook: &'static str,
        /// What went wrong.
        message: String,
    },
    /// A rule could not be understood, one of its actions could not be done, or its `fail` action
    /// was reached.
    #[error("{0}")]
    Rule(Box<RuleFailure>),
}

fn preprocessing(failures: &[(&'static str, String)]) -> String {
    failures
        .iter()
        .map(|(hook, message)| format!("Preprocessing hook {hook}: {message}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_hook_is_named() {
        let error = HookError::Preprocessing(vec![
            ("ramdisk_error", "boom".to_owned()),
            (
                "validate_interfaces",
                "No valid network interfaces".to_owned(),
            ),
        ]);
        assert_eq!(
            error.to_string(),
            "Preprocessing hook ramdisk_error: boom\n\
             Preprocessing hook validate_interfaces: No valid network interfaces"
        );
    }
}
