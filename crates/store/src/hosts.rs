//! How the operating systems of nodes are reached, what was set on them, and their iSCSI sessions.

use std::net::IpAddr;

use assay_domain::host::{HostAccess, HostSessions, HostSetting, KeptSettings};
use assay_domain::iscsi::Targets;
use assay_domain::{Result, Timestamp};

use crate::Store;

impl Store {
    /// How a node's operating system is reached; none when nothing was said of it.
    pub async fn host_access(&self, node_id: i64) -> Result<Option<HostAccess>> {
        read!(self, hosts::access(node_id))
    }

    /// Keeps how a node's operating system is reached, in place of what was said before.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn set_host_access(&self, access: HostAccess) -> Result<()> {
        write!(self, hosts::set_access(&access))
    }

    /// Forgets how a node's operating system is reached; gives whether anything was known.
    pub async fn forget_host_access(&self, node_id: i64) -> Result<bool> {
        write!(self, hosts::forget_access(node_id))
    }

    /// What was set on a node's operating system, and whether it is kept so.
    pub async fn kept_settings(&self, node_id: i64) -> Result<KeptSettings> {
        read!(self, hosts::settings(node_id))
    }

    /// Records something that was set on a node's operating system, in place of what was set before
    /// of the same kind.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn record_host_setting(&self, node_id: i64, setting: HostSetting) -> Result<()> {
        write!(self, hosts::record(node_id, &setting))
    }

    /// Has what was set on a node's operating system kept so, or not.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn keep_host_settings(&self, node_id: i64, is_kept: bool) -> Result<()> {
        write!(self, hosts::keep(node_id, is_kept))
    }

    /// The open sessions of a node's operating system with iSCSI targets; none when they were never
    /// looked at.
    pub async fn host_sessions(&self, node_id: i64) -> Result<Option<HostSessions>> {
        read!(self, hosts::sessions(node_id))
    }

    /// Keeps the open sessions of a node's operating system with iSCSI targets, as of `now`.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn set_host_sessions(
        &self,
        node_id: i64,
        targets: Targets,
        now: Timestamp,
    ) -> Result<()> {
        write!(self, hosts::set_sessions(node_id, &targets, now))
    }

    /// The name of the node that has an IP address; none when no node has it, or it has no name.
    pub async fn node_name_at(&self, address: IpAddr) -> Result<Option<String>> {
        read!(self, hosts::name_at(address))
    }

    /// Nodes on whose operating systems something was set that is to be kept so, and was not looked at
    /// since `before`, nor is to be looked at by a task that is open; at most `limit`. They count as
    /// looked at `now`.
    pub async fn claim_kept_hosts(
        &self,
        before: Timestamp,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        write!(self, hosts::claim(before, limit, now))
    }
}
