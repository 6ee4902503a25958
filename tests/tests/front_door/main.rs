//! Tests of the whole program over its front door: the real binary, real clients, real machines.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

/// Runs each test function on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use assay_tests::database::Database;

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name(Database::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                super::$name(Database::postgres().await).await;
            }
        })+
    };
}

mod admission;
mod alarms;
mod authentication;
mod backup;
mod bmc_faults;
mod chaos;
mod cloud_audits;
mod cloud_clones;
mod cloud_domains;
mod cloud_hosts;
mod cloud_hosts_kill;
mod cloud_metadata;
mod cloud_nodes;
mod cloud_servers;
mod cloudmanager_availability_storages;
mod cloudmanager_document;
mod cloudmanager_hwinfo;
mod cloudmanager_node_actions;
mod cloudmanager_node_classes;
mod cloudmanager_node_images;
mod cloudmanager_nodes;
mod cloudmanager_power_controls;
mod cloudmanager_roles;
mod cloudmanager_tasks;
mod cloudmanager_writers;
mod dead_letters;
mod devices;
mod dhcp_examples;
mod discovery;
mod driver_settings;
mod edges;
mod fleet;
mod gates;
mod generated_client;
mod heartbeats;
mod history;
mod host_actions;
mod host_storage;
mod https;
mod hygiene;
mod identity;
mod inspector_errors;
mod inspector_paging;
mod inspector_rules;
mod inspector_start;
mod inspector_versions;
mod keystone_external;
mod keystone_password;
mod kill;
mod lookup;
mod machines;
mod openapi_documents;
mod openstack_client;
mod openstack_simulator;
mod power;
mod power_batch;
mod power_feeds;
mod power_shown;
mod qemu;
mod qemu_images;
mod queue;
mod report_differences;
mod rules_dry_run;
mod rules_dry_run_ends;
mod schemathesis;
mod simulate;
mod ssh_devices;
mod stuck_api;
mod stuck_boot;
mod stuck_power;
mod stuck_ramdisk;
mod stuck_report;
mod stuck_workers;
mod swagger_ui;
mod tokens;
mod upgrade;
mod volume_backends;
