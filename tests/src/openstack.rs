//! A simulated OpenStack cloud in the test's own process, and the unmodified command line client for it.

use assay_sim::OpenStackOptions;

use crate::Setup;
use crate::programs::OpenStack as Client;

/// The password of the one user, `admin`.
pub const PASSWORD: &str = "canary-of-a-simulated-cloud-8d21";

/// A running cloud; ends with its owner.
pub struct Cloud {
    simulator: assay_sim::OpenStack,
}

impl Cloud {
    /// Starts one on a free port, as the options have it but for address and password.
    pub fn start(options: OpenStackOptions) -> Self {
        let usual = OpenStackOptions::default();
        let options = OpenStackOptions {
            listen: usual.listen,
            password: PASSWORD.to_owned(),
            ..options
        };
        let simulator = assay_sim::OpenStack::start(options).unwrap();
        Self { simulator }
    }

    /// The configuration of a server that knows the cloud.
    pub fn config(&self, setup: &Setup) -> String {
        let file = setup.data().join("cloud.password");
        std::fs::write(&file, PASSWORD).unwrap();
        format!(
            "[cloud]\nauth_url = '{}'\nusername = 'admin'\npassword_file = '{}'\npatience = 0.3\n",
            self.simulator.auth_url(),
            file.display()
        )
    }

    /// The simulator, to look into it and to have it fail.
    pub fn simulator(&self) -> &assay_sim::OpenStack {
        &self.simulator
    }

    /// The command line client of the admin, in the project `demo`.
    pub fn client(&self) -> Client {
        let project = ["--os-project-name", "demo", "--os-project-domain-id"];
        let scope = [&project[..], &["default"]].concat();
        Client::with_password(&self.simulator.auth_url(), "admin", PASSWORD, &scope)
    }
}
