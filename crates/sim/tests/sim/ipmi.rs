//! The IPMI simulator, read back by ipmitool, which Assay did not write; and thousands of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_ipmi::command::boot::Device;
use assay_ipmi::command::chassis::Control;
use assay_sim::{
    BootDevice, Firmware, IdleMachine, IpmiBmc, IpmiFaults, IpmiOptions, Machine, Power, fleet,
    fleet_address,
};
use tokio::process::Command;

use crate::support::log;

fn start(options: IpmiOptions) -> (IpmiBmc, Arc<IdleMachine>) {
    let machine = Arc::new(IdleMachine::new(fleet(1, 42).remove(0)));
    let bmc = IpmiBmc::start(machine.clone(), options).unwrap();
    (bmc, machine)
}

/// Runs ipmitool with these options before the command, and gives success and output.
async fn try_ipmitool(address: SocketAddr, options: &str, command: &str) -> (bool, String) {
    let output = Command::new("ipmitool")
        .args([
            "-H",
            &address.ip().to_string(),
            "-p",
            &address.port().to_string(),
        ])
        .args(["-U", "admin", "-N", "1", "-R", "1"])
        .args(options.split_whitespace())
        .args(command.split_whitespace())
        .kill_on_drop(true)
        .output()
        .await
        .expect("ipmitool is missing: apt-get install ipmitool");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

const RIGHT: &str = "-I lanplus -P simulated -C 17";

async fn ipmitool(bmc: &IpmiBmc, command: &str) -> String {
    let (success, text) = try_ipmitool(bmc.address(), RIGHT, command).await;
    assert!(success, "ipmitool {command}: {text}");
    text
}

async fn becomes(machine: &IdleMachine, power: Power) {
    for _ in 0..500 {
        if machine.power() == power {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the machine is not {power:?} after 5 s");
}

#[tokio::test]
async fn power_is_switched_with_each_kind_of_session() {
    for options in [
        "-I lanplus -P simulated -C 3",
        "-I lanplus -P simulated -C 17",
        "-I lanplus -P simulated",
        "-I lan -P simulated -A MD5",
        "-I lan -P simulated -A PASSWORD",
    ] {
        let (bmc, machine) = start(IpmiOptions::default());
        for (command, power) in [
            ("on", Power::On),
            ("off", Power::Off),
            ("on", Power::On),
            ("soft", Power::Off),
        ] {
            let command = format!("chassis power {command}");
            let (success, text) = try_ipmitool(bmc.address(), options, &command).await;
            assert!(success, "{options} {command}: {text}");
            becomes(&machine, power).await;
            let (_, text) = try_ipmitool(bmc.address(), options, "chassis power status").await;
            let expected = if power == Power::On {
                "is on"
            } else {
                "is off"
            };
            assert!(text.contains(expected), "{options}: {text}");
        }
        assert_eq!(bmc.counters().open_sessions, 0, "{options}");
        assert_eq!(bmc.counters().controls(Control::On), 2);
    }
}

#[tokio::test]
async fn cipher_suite_0_and_wrong_logins_do_not_come_in() {
    let (bmc, _machine) = start(IpmiOptions::default());
    let wrong = [
        "-I lanplus -P simulated -C 0",
        "-I lanplus -P wrong -C 17",
        "-I lan -P wrong -A MD5",
        "-I lan -P simulated -A NONE",
    ];
    futures::future::join_all(wrong.map(|options| {
        let address = bmc.address();
        async move {
            let (success, text) = try_ipmitool(address, options, "chassis power on").await;
            assert!(!success, "{options}: {text}");
        }
    }))
    .await;
    assert_eq!(
        (bmc.counters().logins, bmc.counters().controls.len()),
        (0, 0)
    );
    // With RMCP+ ipmitool finds the BMC's own proof wrong and says no more, so there is one of IPMI 1.5.
    assert_eq!(bmc.counters().failed_logins, 1);
}

#[tokio::test]
async fn the_key_of_the_bmc_is_needed() {
    let (bmc, _machine) = start(IpmiOptions {
        key: Some(b"secret key".to_vec()),
        ..IpmiOptions::default()
    });
    let with = format!("{RIGHT} -k another");
    assert!(
        !try_ipmitool(bmc.address(), &with, "mc info").await.0,
        "another key"
    );
    // "secret key" in hexadecimal.
    let with = format!("{RIGHT} -y 736563726574206b6579");
    let (success, text) = try_ipmitool(bmc.address(), &with, "mc info").await;
    assert!(success, "{text}");
}

#[tokio::test]
async fn boot_flags_make_the_machine_boot_so() {
    let (bmc, machine) = start(IpmiOptions::default());
    ipmitool(&bmc, "chassis bootdev pxe options=efiboot").await;
    let flags = bmc.boot_flags();
    assert!(flags.valid && flags.uefi && !flags.persistent && flags.device == Device::Network);
    let text = ipmitool(&bmc, "chassis bootparam get 5").await;
    assert!(text.contains("Force PXE") && text.contains("EFI"), "{text}");
    ipmitool(&bmc, "chassis power on").await;
    becomes(&machine, Power::On).await;
    let plan = machine.starts()[0];
    assert_eq!(
        (plan.device, plan.firmware),
        (BootDevice::Network, Firmware::Uefi)
    );
    assert!(!bmc.boot_flags().valid, "once");
}

#[tokio::test]
async fn everything_else_is_read() {
    let (bmc, machine) = start(IpmiOptions::default());
    let hardware = machine.hardware().clone();
    ipmitool(&bmc, "chassis power on").await;
    becomes(&machine, Power::On).await;

    let sensors = ipmitool(&bmc, "sdr list").await;
    for line in [
        "CPU Temp",
        "48 degrees C",
        "12 Volts",
        "5400 RPM",
        "244 Watts",
        "PSU 1",
    ] {
        assert!(sensors.contains(line), "{line}: {sensors}");
    }
    let fru = ipmitool(&bmc, "fru print 0").await;
    for part in [&hardware.serial, &hardware.manufacturer, &hardware.model] {
        assert!(fru.contains(part.as_str()), "{part}: {fru}");
    }
    let guid = ipmitool(&bmc, "mc guid").await;
    assert!(guid.contains(&hardware.uuid.to_string()), "{guid}");
    assert!(ipmitool(&bmc, "mc info").await.contains("1.02"));
    let lan = ipmitool(&bmc, "lan print 1").await;
    assert!(lan.contains(&hardware.bmc_mac.to_string()), "{lan}");
    let users = ipmitool(&bmc, "user list 1").await;
    assert!(
        users.contains("admin") && users.contains("ADMINISTRATOR"),
        "{users}"
    );

    bmc.overheat();
    let events = ipmitool(&bmc, "sel list").await;
    assert!(events.contains("Upper Critical going high"), "{events}");
    ipmitool(&bmc, "sel clear").await;
    assert!(ipmitool(&bmc, "sel list").await.contains("no entries"));
}

#[tokio::test]
async fn faults_are_felt() {
    let cases: [fn(&mut IpmiFaults); 5] = [
        |faults| faults.silent = true,
        |faults| faults.refuse_login = true,
        |faults| faults.session_table_full = true,
        |faults| faults.malformed = true,
        |faults| faults.drop_session_after = Some(1),
    ];
    // Beside each other: ipmitool waits long for what does not come.
    let felt = cases.map(|change| async move {
        let (bmc, _machine) = start(IpmiOptions::default());
        bmc.change_faults(change);
        let (success, text) = try_ipmitool(bmc.address(), RIGHT, "chassis power on").await;
        assert!(!success, "{:?}: {text}", bmc.faults());
        bmc.change_faults(|faults| *faults = IpmiFaults::default());
        ipmitool(&bmc, "chassis power status").await;
    });
    futures::future::join_all(felt).await;
}

#[tokio::test]
async fn two_thousand_fit_into_one_process() {
    let before = resident_mib();
    let port = 10_623;
    let bmcs: Vec<IpmiBmc> = fleet(2000, 9)
        .into_iter()
        .enumerate()
        .map(|(number, hardware)| {
            let options = IpmiOptions {
                // An address each, as real BMCs have; the block is this test's alone.
                listen: fleet_address(40_000 + number, port),
                ..IpmiOptions::default()
            };
            IpmiBmc::start(Arc::new(IdleMachine::new(hardware)), options).unwrap()
        })
        .collect();
    for number in [0, 999, 1999] {
        let (success, text) = try_ipmitool(bmcs[number].address(), RIGHT, "mc guid").await;
        assert!(success, "{text}");
    }
    let used = resident_mib() - before;
    log(&format!("2000 simulated IPMI BMCs take {used:.0} MiB"));
    assert!(used < 200.0, "{used} MiB");
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}
