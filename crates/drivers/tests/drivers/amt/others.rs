//! The simulator against a client that others wrote for real devices: PyPI's amt. What it takes for an
//! AMT device is one as far as that client goes, login, power and boot order.

use std::process::Command;

use assay_sim::{AmtBoot, AmtFaults, BootDevice, Machine, Power};

use super::Rig;
use crate::support::{eventually, pytools};

/// Does one thing and prints what the client gives back. The client's ports are fixed, but for this.
const SCRIPT: &str = "import sys, amt.client as c\n\
    port, password, what = sys.argv[1:]\n\
    c.AMT_PROTOCOL_PORT_MAP['http'] = int(port)\n\
    print(getattr(c.Client('127.0.0.1', password), what)())\n";

/// What the client printed, or that it failed.
async fn client(rig: &Rig, password: &str, what: &str) -> Result<String, String> {
    // The program of the package tells whether it is there; its interpreter runs the script.
    let python = pytools::tool("amtctrl", "amt==0.8.0").with_file_name("python");
    let mut command = Command::new(python);
    let port = rig.amt.address().port().to_string();
    command.args(["-c", SCRIPT, &port, password, what]);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[tokio::test]
async fn a_client_for_real_devices_drives_the_simulator() {
    let rig = Rig::new(AmtFaults::default());
    let run = |what: &'static str| client(&rig, "simulated", what);
    assert_eq!(run("power_status").await.as_deref(), Ok("8"));
    run("pxe_next_boot").await.unwrap();
    assert_eq!(rig.amt.next_boot(), AmtBoot::Network);
    assert_eq!(run("power_on").await.as_deref(), Ok("0"));
    eventually("the machine on", || rig.machine.power() == Power::On).await;
    assert_eq!(rig.machine.starts()[0].device, BootDevice::Network);
    assert_eq!(run("power_status").await.as_deref(), Ok("2"));
    assert_eq!(run("power_cycle").await.as_deref(), Ok("0"));
    eventually("a second start", || rig.machine.starts().len() == 2).await;
    assert_eq!(run("power_off").await.as_deref(), Ok("0"));
    eventually("the machine off", || rig.machine.power() == Power::Off).await;
    assert_eq!(rig.amt.counters().refused_logins, 0);
}

#[tokio::test]
async fn a_wrong_password_is_refused_to_others_as_well() {
    let rig = Rig::new(AmtFaults::default());
    let error = client(&rig, "quite-wrong", "power_on").await.unwrap_err();
    assert!(error.contains("401"), "{error}");
    assert!(rig.amt.counters().refused_logins >= 1);
    assert_eq!(rig.machine.power(), Power::Off);
}
