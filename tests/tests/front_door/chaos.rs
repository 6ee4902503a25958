//! A fleet that is killed, cut off and left without database and broker again and again loses
//! nothing and does nothing twice. What that means exactly is written at the judge in
//! `assay_tests::chaos`; `cargo xtask chaos` runs the same for longer and with other seeds.

use std::process::Command;

/// Another one is worth a try after every change.
const SEED: &str = "7";

#[test]
#[allow(
    clippy::print_stdout,
    reason = "what it measured is worth keeping with a good run, too"
)]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let output = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(env!("CARGO_BIN_EXE_assay-chaos"))
        .args(["--introspections", "120", "--kills", "8", "--seed", SEED])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    println!("{said}");
}
