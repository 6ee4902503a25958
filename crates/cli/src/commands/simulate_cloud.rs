//! The OpenStack cloud of `assay simulate`.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use assay_sim::{OpenStack, OpenStackOptions};
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use crate::error::Error;

/// The cloud, if there is to be one.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "OpenStack")]
pub(super) struct CloudArgs {
    /// Also simulate an OpenStack cloud (Keystone, Nova, Placement, Cinder, a little of Glance) on 127.0.0.1,
    /// over HTTP. Its line in the list has the auth_url; it is controlled below /simulator. The machines of the
    /// first BMCs are its hypervisors: they are on, and live and die with their machines' power.
    #[arg(long)]
    openstack: bool,
    /// Its TCP port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 15000)]
    openstack_port: u16,
    /// How many hypervisors it has.
    #[arg(long, value_name = "N", default_value_t = 8)]
    openstack_hosts: usize,
    /// How many instances run on them.
    #[arg(long, value_name = "N", default_value_t = 20)]
    openstack_instances: usize,
    /// How long its actions take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = super::simulate::seconds)]
    openstack_delay: f64,
}

impl CloudArgs {
    /// Starts the cloud, and says where it is.
    pub(super) fn start(
        &self,
        (user, password): (&str, &str),
        seed: u64,
    ) -> Result<Option<(OpenStack, Value)>, Error> {
        if !self.openstack {
            return Ok(None);
        }
        let options = OpenStackOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, self.openstack_port)),
            username: user.to_owned(),
            password: password.to_owned(),
            delay: Duration::from_secs_f64(self.openstack_delay),
            hosts: self.openstack_hosts,
            instances: self.openstack_instances,
            aggregates: self.openstack_hosts.div_ceil(4),
            seed,
            ..OpenStackOptions::default()
        };
        let cloud = OpenStack::start(options)?;
        let entry = json!({
            "name": "openstack",
            "protocol": "openstack",
            "auth_url": cloud.auth_url(),
            "login": user,
            "password": password,
            "user_domain": "Default",
            "project": "demo",
            "project_domain": "Default",
        });
        Ok(Some((cloud, entry)))
    }
}
