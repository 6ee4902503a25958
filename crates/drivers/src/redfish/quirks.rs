//! What single BMCs do otherwise than the standard says, as named data. The library under us knows
//! its own list of platforms; this one is what it does not know.
//!
//! To add one: find out what the BMC does, add one entry with where it was seen, and a test.

use nv_redfish::quirks::{Match, UserRule};
use nv_redfish::schema::computer_system::{BootSource, BootUpdate};
use serde_json::{Map, Value, json};

/// A document that lacks what the schema requires, or has it wrong, and its repair before it is
/// read.
pub(super) struct DocumentQuirk {
    /// Its name, for logs and reports.
    pub(super) name: &'static str,
    /// The schemas whose documents it is about.
    pub(super) of: &'static [&'static str],
    /// Repairs a document in place; must do nothing to a document that is right.
    pub(super) repair: fn(&mut Map<String, Value>),
}

/// All quirks of documents.
pub(super) const DOCUMENT_QUIRKS: [DocumentQuirk; 2] = [
    // Seen in sushy-tools' emulator, which has no sessions and leaves out the required Links of the
    // root. An empty address says that there is nothing to log in to.
    DocumentQuirk {
        name: "root-without-sessions-link",
        of: &["ServiceRoot"],
        repair: |root| {
            let sessions = root
                .get("SessionService")
                .and_then(|service| service.get("@odata.id")?.as_str())
                .map(|service| format!("{}/Sessions", service.trim_end_matches('/')))
                .unwrap_or_default();
            let links = root.entry("Links").or_insert_with(|| json!({}));
            if let Some(links) = links.as_object_mut() {
                links
                    .entry("Sessions")
                    .or_insert_with(|| json!({ "@odata.id": sessions }));
            }
        },
    },
    // Id and Name are required of every resource and missing in some firmware; the driver needs
    // neither.
    DocumentQuirk {
        name: "resource-without-name",
        of: &[
            "ServiceRoot",
            "ComputerSystem",
            "EthernetInterface",
            "ComputerSystemCollection",
            "EthernetInterfaceCollection",
        ],
        repair: |resource| {
            for key in ["Id", "Name"] {
                resource.entry(key).or_insert_with(|| "unnamed".into());
            }
        },
    },
];

/// The quirks as the rules of the library's reading layer.
pub(super) fn document_rules() -> Vec<UserRule> {
    DOCUMENT_QUIRKS
        .iter()
        .flat_map(|quirk| {
            quirk.of.iter().map(|schema| {
                UserRule::new(
                    quirk.name,
                    Match::Type((*schema).to_owned()),
                    |mut document| {
                        if let Some(object) = document.as_object_mut() {
                            (quirk.repair)(object);
                        }
                        document
                    },
                )
            })
        })
        .collect()
}

/// A boot override that a BMC refuses although it is right, and the form that it takes instead.
pub(super) struct BootQuirk {
    /// Its name, for logs and reports.
    pub(super) name: &'static str,
    /// The other form; `None` when the quirk does not concern this update.
    pub(super) instead: fn(&BootUpdate) -> Option<BootUpdate>,
}

/// All quirks of boot overrides, tried in this order after a refusal.
pub(super) const BOOT_QUIRKS: [BootQuirk; 2] = [
    // BMCs whose firmware interface is a setting of the BIOS (Dell's iDRAC, say) refuse an override
    // that names the mode as well. Whether the mode is the wanted one is checked afterwards.
    BootQuirk {
        name: "boot-mode-not-with-target",
        instead: |update| {
            let target = update.boot_source_override_target?;
            update.boot_source_override_mode?;
            let mut other = BootUpdate::builder().with_boot_source_override_target(target);
            other.boot_source_override_enabled = update.boot_source_override_enabled;
            Some(other)
        },
    },
    // Seen in sushy-tools' emulator: it refuses to switch an override off without a target.
    BootQuirk {
        name: "boot-off-needs-target",
        instead: |update| {
            if update.boot_source_override_target.is_some() {
                return None;
            }
            let mut other =
                BootUpdate::builder().with_boot_source_override_target(BootSource::None);
            other.boot_source_override_enabled = update.boot_source_override_enabled;
            Some(other)
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(name: &str, mut document: Value) -> Value {
        let quirk = DOCUMENT_QUIRKS.iter().find(|quirk| quirk.name == name);
        (quirk.unwrap().repair)(document.as_object_mut().unwrap());
        document
    }

    #[test]
    fn a_root_without_links_gets_the_sessions_of_its_service() {
        let name = "root-without-sessions-link";
        assert_eq!(
            repaired(name, json!({}))["Links"]["Sessions"]["@odata.id"],
            ""
        );
        let service = json!({"SessionService": {"@odata.id": "/redfish/v1/SessionService/"}});
        assert_eq!(
            repaired(name, service)["Links"]["Sessions"]["@odata.id"],
            "/redfish/v1/SessionService/Sessions"
        );
        let right = json!({"Links": {"Sessions": {"@odata.id": "/redfish/v1/S"}}});
        assert_eq!(repaired(name, right.clone()), right);
    }

    #[test]
    fn every_quirk_has_a_name_of_its_own() {
        let mut names: Vec<_> = DOCUMENT_QUIRKS
            .iter()
            .map(|quirk| quirk.name)
            .chain(BOOT_QUIRKS.iter().map(|quirk| quirk.name))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DOCUMENT_QUIRKS.len() + BOOT_QUIRKS.len());
    }
}
