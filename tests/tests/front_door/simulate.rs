//! `assay simulate`: what it prints is where ipmitool, curl and redfishtool, which Assay did not write,
//! find its BMCs; and each of them feels each fault.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use assay_tests::folder::{self, python_tool};
use assay_tests::simulated::{Listed, Simulated, own_address};
use serde_json::{Value, json};

/// Longer than any answer, shorter than any silence.
const PATIENCE: &str = "4";

fn run(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = [stdout, stderr].concat();
    (
        status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// One question, asked twice at most.
fn ipmitool(bmc: &Listed, words: &str) -> (bool, String) {
    let mut command = Command::new("ipmitool");
    command
        .args(["-I", "lanplus", "-C", "17", "-N", "1", "-R", "2"])
        .args(["-H", &bmc.address, "-p", &bmc.port.to_string()])
        .args(["-U", &bmc.login, "-P", &bmc.password])
        .args(words.split(' '));
    run(&mut command)
}

/// What curl gets with these arguments: the status, and the body as JSON or nothing.
fn curl(bmc: &Listed, path: &str, arguments: &[&str]) -> Option<(u16, Value)> {
    let url = format!("{}{path}", bmc.url);
    let mut command = Command::new("curl");
    command
        .args(["-sk", "--noproxy", "*", "-m", PATIENCE])
        .args(["-w", "\n%{http_code}"])
        .args(arguments)
        .arg(url);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n')?;
    let status = status.parse().ok().filter(|_| output.status.success())?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

const SYSTEM: &str = "/redfish/v1/Systems/1";

fn login(bmc: &Listed) -> String {
    format!("{}:{}", bmc.login, bmc.password)
}

fn power(bmc: &Listed) -> Option<(u16, Value)> {
    let (status, body) = curl(bmc, SYSTEM, &["-u", &login(bmc)])?;
    Some((status, body["PowerState"].clone()))
}

/// What wsman's "Identify" is to AMT: any request with the right login, over digest authentication.
fn amt(bmc: &Listed) -> Option<u16> {
    let arguments = ["--digest", "-u", &login(bmc), "-d", "<nothing/>"];
    curl(bmc, "/wsman", &arguments).map(|(status, _)| status)
}

#[test]
fn bmcs_are_found_by_the_list_and_switched_by_others() {
    let counts = [("--redfish", 2), ("--ipmi", 2), ("--amt", 1)];
    let mut simulated = Simulated::start(&own_address(1), &counts, &["--seed", "5"]);
    let again = Simulated::start(&own_address(51), &[("--redfish", 1)], &["--seed", "5"]);
    assert_eq!(simulated.bmcs[0].mac, again.bmcs[0].mac, "one seed");
    assert_ne!(
        simulated.bmcs[0].password, again.bmcs[0].password,
        "passwords are made up"
    );
    for bmc in simulated.of("ipmi") {
        assert!(ipmitool(bmc, "chassis power on").0);
        let (_, text) = ipmitool(bmc, "chassis power status");
        assert!(text.contains("is on"), "{text}");
    }
    let redfish = simulated.of("redfish").next().unwrap();
    assert_eq!(power(redfish), Some((200, json!("Off"))));
    let mut command = Command::new(python_tool("redfishtool"));
    command
        .args(["-r", &format!("{}:{}", redfish.address, redfish.port)])
        .args(["-u", &redfish.login, "-p", &redfish.password])
        .args(["-S", "Always", "Systems", "reset", "On"]);
    let (success, text) = run(&mut command);
    assert!(success, "{text}");
    assert_eq!(power(redfish), Some((200, json!("On"))));
    let other = simulated.of("redfish").nth(1).unwrap();
    assert_eq!(power(other), Some((200, json!("Off"))), "each is its own");
    let device = simulated.of("intel_amt").next().unwrap();
    assert_ne!(amt(device), Some(401));
    assert!(simulated.program().log_tail(5).contains("is a simulator"));
    ends(&mut simulated);
}

/// SIGTERM ends it with success.
fn ends(simulated: &mut Simulated) {
    simulated.program().terminate();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = simulated.program().ended() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn every_fault_is_felt_by_every_protocol() {
    let faults = "--silent 1 --slow 1 --slow-by 1 --refuse-login 1 --drop-sessions 1 --malformed 1 \
                  --reset-while-asked 1 --reset-for 3";
    let faults: Vec<&str> = faults.split_whitespace().collect();
    let counts = [("--redfish", 7), ("--ipmi", 7), ("--amt", 7)];
    let simulated = Simulated::start(&own_address(101), &counts, &faults);
    // Silence takes its time; nobody waits for the others.
    std::thread::scope(|scope| {
        for bmc in &simulated.bmcs {
            scope.spawn(move || match bmc.protocol.as_str() {
                "redfish" => redfish_feels(bmc),
                "ipmi" => ipmi_feels(bmc),
                _ => amt_feels(bmc),
            });
        }
    });
    for protocol in ["redfish", "ipmi", "intel_amt"] {
        let sound = simulated.of(protocol).filter(|bmc| bmc.fault.is_none());
        assert_eq!(sound.count(), 1, "{protocol}");
    }
}

fn redfish_feels(bmc: &Listed) {
    let began = Instant::now();
    let off = Some((200, json!("Off")));
    match bmc.fault.as_deref() {
        None => assert_eq!(power(bmc), off),
        Some("silent") => assert_eq!(power(bmc), None),
        Some("slow") => assert!(power(bmc) == off && began.elapsed() >= Duration::from_secs(1)),
        Some("refuse-login") => assert_eq!(power(bmc), Some((401, Value::Null))),
        Some("malformed") => assert_eq!(power(bmc), Some((200, Value::Null))),
        Some("drop-sessions") => {
            let sessions = "/redfish/v1/SessionService/Sessions";
            let body = json!({"UserName": bmc.login, "Password": bmc.password}).to_string();
            let arguments = ["-D-", "-H", "Content-Type: application/json", "-d", &body];
            let (_, text) = run(Command::new("curl")
                .args(["-sk", "--noproxy", "*"])
                .args(arguments)
                .arg(format!("{}{sessions}", bmc.url)));
            let token = text.lines().find(|line| line.starts_with("x-auth-token:"));
            let token = token.unwrap_or_else(|| panic!("{text}"));
            let status = || curl(bmc, SYSTEM, &["-H", token]).unwrap().0;
            assert_eq!([status(), status()], [200, 401]);
        }
        Some(_) => restarts(&|| power(bmc) == off),
    }
}

fn ipmi_feels(bmc: &Listed) {
    let began = Instant::now();
    let status = || ipmitool(bmc, "chassis power status");
    match bmc.fault.as_deref() {
        None => assert!(status().1.contains("is off")),
        // A handshake alone is four answers.
        Some("slow") => {
            let mut command = Command::new("ipmitool");
            command
                .args(["-I", "lanplus", "-N", "3", "-R", "1", "-C", "17"])
                .args(["-H", &bmc.address, "-p", &bmc.port.to_string()])
                .args(["-U", &bmc.login, "-P", &bmc.password])
                .args(["chassis", "power", "status"]);
            let (success, text) = run(&mut command);
            assert!(success, "{text}");
            assert!(began.elapsed() >= Duration::from_secs(4));
        }
        Some("reset-while-asked") => restarts(&|| status().1.contains("is off")),
        Some(fault) => {
            let (success, text) = status();
            assert!(!success, "{fault}: {text}");
        }
    }
}

fn amt_feels(bmc: &Listed) {
    let began = Instant::now();
    match bmc.fault.as_deref() {
        None | Some("malformed" | "drop-sessions") => assert_ne!(amt(bmc), Some(401)),
        Some("silent") => assert_eq!(amt(bmc), None),
        Some("slow") => {
            assert_ne!(amt(bmc), Some(401));
            assert!(began.elapsed() >= Duration::from_secs(2));
        }
        Some("refuse-login") => assert_eq!(amt(bmc), Some(401)),
        Some(_) => restarts(&|| amt(bmc).is_some_and(|status| status != 401)),
    }
}

/// It does not answer, and then it does again; a session of IPMI alone takes more than the requests after
/// which it restarts first.
fn restarts(answers: &dyn Fn() -> bool) {
    let began = Instant::now();
    let mut seen = Vec::new();
    while !seen.ends_with(&[false, true]) {
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
        let now = answers();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
}

#[test]
fn what_cannot_be_is_refused_and_the_list_is_its_owners_alone() {
    let simulate = |words: &str| {
        let mut command = Command::new(folder::assay());
        command.arg("simulate").args(words.split_whitespace());
        run(&mut command)
    };
    for (words, says) in [
        ("", "at least one BMC"),
        ("--ipmi 1 --first-address 10.0.0.1", "127.0.0.1"),
        ("--ipmi 1 --silent 101%", "between 0% and 100%"),
        ("--ipmi 2 --silent 2 --slow 1", "one at most"),
        ("--ipmi 1 --ipmi-port 0", "cannot be 0"),
        (
            "--ipmi 1 --password twenty-one_characters",
            "20 for a password",
        ),
        ("--ipmi 1 --slow-by=-1", "0 to 86400"),
    ] {
        let (success, text) = simulate(words);
        assert!(!success && text.contains(says), "{words}: {text}");
    }
    let (_, help) = simulate("--help");
    assert!(help.contains("loopback address of its own"), "{help}");

    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let mut simulated = Simulated::start(
        &own_address(151),
        // Nothing comes on standard output.
        &[],
        &["--ipmi", "1", "--list", list.to_str().unwrap()],
    );
    let began = Instant::now();
    while !list.exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "no list");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&list.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&list).unwrap();
    let bmc: Listed = serde_json::from_str(text.trim()).unwrap();
    assert!(ipmitool(&bmc, "mc info").0);
    ends(&mut simulated);
}

#[test]
fn a_hypervisor_of_the_cloud_lives_and_dies_with_its_machine() {
    let cloud = [
        "--openstack",
        "--openstack-port",
        "0",
        "--openstack-hosts",
        "2",
    ];
    let simulated = Simulated::start(&own_address(101), &[("--redfish", 2)], &cloud);
    let bmc = &simulated.bmcs[0];
    assert_eq!(bmc.name, "compute-001");
    let url = simulated.auth_url.as_deref().unwrap();
    let url = url.strip_suffix("/identity/v3").unwrap();
    let conditions = || {
        let state = format!("{url}/simulator/state");
        let output = Command::new("curl")
            .args(["-s", "--noproxy", "*", &state])
            .output();
        let state: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        [0, 1].map(|host| state["hosts"][host]["condition"].clone())
    };
    assert_eq!(conditions(), ["well", "well"]);
    for (reset, condition) in [("ForceOff", "powered_off"), ("On", "well")] {
        let body = json!({"ResetType": reset}).to_string();
        let header = "Content-Type: application/json";
        let path = format!("{SYSTEM}/Actions/ComputerSystem.Reset");
        let arguments = ["-u", &login(bmc), "-H", header, "-d", &body];
        let (status, _) = curl(bmc, &path, &arguments).unwrap();
        assert!(status < 300, "{status}");
        assert_eq!(conditions(), [condition, "well"]);
    }
}
