//! How guests see a hypervisor's processor: `cpu_mode` and `cpu_models` in the section `[libvirt]` of
//! nova-compute's configuration (nova's configuration reference).

use assay_domain::host::{CpuMode, HostShell};

use crate::{HostError, Outcome, outcome, run};

/// Prints the path of the configuration, and the configuration.
pub(crate) const READ: &str = include_str!("scripts/cpu_read.sh");
/// Writes it and restarts the service.
pub(crate) const WRITE: &str = include_str!("scripts/cpu_write.sh");

const SECTION: &str = "libvirt";
const MODE: &str = "cpu_mode";
const MODELS: &str = "cpu_models";
/// What `cpu_models` was called until nova 20.
const MODEL: &str = "cpu_model";

/// Sets the mode, or leaves it to nova.
pub(crate) async fn set(
    shell: &dyn HostShell,
    wanted: Option<&CpuMode>,
) -> Result<Outcome, HostError> {
    let before = run(shell, READ, "").await?.printed;
    let (path, text) = before.split_once('\n').ok_or(HostError::Malformed)?;
    let after = edited(text, wanted);
    let end = run(shell, WRITE, &format!("{path}\n{after}")).await?;
    outcome(&end)
}

/// The configuration with another mode; all other lines stay as they are.
fn edited(text: &str, wanted: Option<&CpuMode>) -> String {
    let lines = match wanted {
        None => Vec::new(),
        Some(CpuMode::HostPassthrough) => vec![format!("{MODE} = host-passthrough")],
        Some(CpuMode::HostModel) => vec![format!("{MODE} = host-model")],
        Some(CpuMode::Custom(model)) => {
            vec![format!("{MODE} = custom"), format!("{MODELS} = {model}")]
        }
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut at = None;
    let mut is_ours = false;
    for line in text.lines() {
        if let Some(name) = section(line) {
            is_ours = name == SECTION;
            kept.push(line);
            if is_ours && at.is_none() {
                at = Some(kept.len());
            }
        } else if !(is_ours && is_about_mode(line)) {
            kept.push(line);
        }
    }
    let header = format!("[{SECTION}]");
    let mut all: Vec<&str> = kept;
    match at {
        Some(at) => {
            all.splice(at..at, lines.iter().map(String::as_str));
        }
        None if lines.is_empty() => {}
        None => {
            all.push(&header);
            all.extend(lines.iter().map(String::as_str));
        }
    }
    let mut edited = all.join("\n");
    if !edited.is_empty() {
        edited.push('\n');
    }
    edited
}

fn section(line: &str) -> Option<&str> {
    let name = line.trim().strip_prefix('[')?;
    name.split_once(']').map(|(name, _)| name.trim())
}

fn is_about_mode(line: &str) -> bool {
    let key = line.split(['=', ':']).next().unwrap_or_default().trim();
    [MODE, MODELS, MODEL].contains(&key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_mode_stands_in_its_section_once() {
        let text = "[DEFAULT]\ncpu_mode = mine\n\n[libvirt]\nvirt_type = kvm\ncpu_mode=none\ncpu_model = x\n\n[vnc]\na = b\n";
        let custom = CpuMode::Custom("Nehalem".into());
        assert_eq!(
            edited(text, Some(&custom)),
            "[DEFAULT]\ncpu_mode = mine\n\n[libvirt]\ncpu_mode = custom\ncpu_models = Nehalem\nvirt_type = kvm\n\n[vnc]\na = b\n"
        );
        assert_eq!(
            edited("[DEFAULT]\n", Some(&CpuMode::HostModel)),
            "[DEFAULT]\n[libvirt]\ncpu_mode = host-model\n"
        );
        assert_eq!(edited("[libvirt]\ncpu_mode = x\n", None), "[libvirt]\n");
        assert_eq!(edited("", None), "");
    }

    proptest! {
        #[test]
        fn setting_it_twice_is_setting_it_once(text in "(\\[(libvirt|vnc)\\]\n|cpu_mode ?= ?a\n|b = c\n|# d\n){0,12}") {
            let wanted = Some(&CpuMode::HostPassthrough);
            let once = edited(&text, wanted);
            prop_assert_eq!(edited(&once, wanted), once.clone());
            prop_assert_eq!(once.matches("host-passthrough").count(), 1);
        }
    }
}
