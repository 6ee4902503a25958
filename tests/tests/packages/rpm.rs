//! The .rpm packages in a system whose user and folders they have to make. The distribution is not
//! theirs, so that dependencies are not looked at here; scripts, files and configuration are.

use assay_tests::debian::Debian;
use assay_tests::folder;

/// Runs rpm on the system; panics unless it ends well.
fn rpm(debian: &Debian, arguments: &[&str], packages: &[&str]) {
    let mut command = debian.enter();
    command.arg("rpm").arg("--root").arg(debian.folder());
    command.args(arguments).args(packages);
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rpm {arguments:?}: {complaint}");
    assert!(
        !complaint.contains("warning: %"),
        "a script failed: {complaint}"
    );
}

#[test]
fn the_packages_install_keep_the_configuration_and_go_away() {
    let debian = Debian::new(&folder::packages());
    let files = crate::made::NAMES.map(|name| crate::made::rpm(name).display().to_string());
    let files = files.each_ref().map(String::as_str);
    rpm(&debian, &["--initdb"], &[]);
    rpm(&debian, &["--install", "--nodeps"], &files);
    assert_eq!(
        debian.ok("stat -c '%a %U:%G' /etc/assay/assay.toml /var/lib/assay"),
        "640 root:assay\n700 assay:assay"
    );
    assert!(
        debian
            .ok("assay --version; assay-api --version")
            .contains("assay 0.1.0")
    );
    debian.ok("systemd-analyze verify --man=no /usr/lib/systemd/system/assay*.service");

    debian.ok("echo '# the operator was here' >> /etc/assay/assay.toml");
    debian.ok("echo kept > /var/lib/assay/data");
    rpm(&debian, &["--upgrade", "--force", "--nodeps"], &files);
    let config = "tail -1 /etc/assay/assay.toml";
    assert_eq!(debian.ok(config), "# the operator was here");

    rpm(&debian, &["--erase"], &crate::made::NAMES);
    debian.refused("test -e /usr/bin/assay");
    assert_eq!(debian.ok("cat /var/lib/assay/data"), "kept");
    let saved = debian.ok("tail -1 /etc/assay/assay.toml.rpmsave");
    assert_eq!(saved, "# the operator was here");
}
