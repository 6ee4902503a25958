//! BMCs that fall silent, get slow, drop sessions, cut their answers off and restart lose no session
//! and no command. `cargo xtask chaos bmcs --faults 10000` runs the same for longer.

use std::process::Command;

#[test]
#[allow(
    clippy::print_stdout,
    reason = "what it measured is worth keeping with a good run, too"
)]
fn nothing_leaks_and_every_machine_is_as_commanded() {
    let output = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(env!("CARGO_BIN_EXE_assay-chaos"))
        .args(["bmcs", "--faults", "300", "--bmcs", "60", "--seed", "11"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    println!("{said}");
}
