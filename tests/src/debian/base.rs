//! Makes the base system once, and keeps it in the folder that cargo builds into.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::folder;

/// The release that the packages are tried on.
const RELEASE: &str = "bookworm";

/// What the base has beside the minimum: an init to run services under, and what the demo's virtual
/// machine needs.
const PACKAGES: &str = "systemd systemd-sysv libpq5 qemu-system-x86 ipxe-qemu linux-image-amd64";

/// The base system's folder; made by debootstrap from the mirror that this host's apt uses when it is
/// not there yet.
pub fn base() -> PathBuf {
    let target = folder::target();
    fs::create_dir_all(&target).unwrap();
    let place = target.join(format!("debian-{RELEASE}"));
    // Others that need it wait until it is there.
    let lock = File::create(target.join("debian.lock")).unwrap();
    lock.lock().unwrap();
    let made_of = place.join("usr/share/assay-base");
    if fs::read_to_string(&made_of).is_ok_and(|packages| packages == PACKAGES) {
        return place;
    }
    let partial = target.join("debian.part");
    for folder in [&place, &partial] {
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
    }
    make(&partial);
    fs::write(partial.join("usr/share/assay-base"), PACKAGES).unwrap();
    fs::rename(&partial, &place).unwrap();
    place
}

fn make(place: &Path) {
    // An initramfs of Debian's own takes long to make and is never booted here.
    let script = "
        debootstrap --variant=minbase \"$RELEASE\" \"$PLACE\" \"$MIRROR\"
        ln -s /bin/true \"$PLACE/usr/sbin/update-initramfs\"
        cat /etc/resolv.conf > \"$PLACE/etc/resolv.conf\"
        mount -t proc none \"$PLACE/proc\"
        mount --bind /dev \"$PLACE/dev\"
        export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
        chroot \"$PLACE\" dpkg-divert --quiet --local --no-rename --divert \
            /usr/sbin/update-initramfs.real --add /usr/sbin/update-initramfs
        chroot \"$PLACE\" apt-get --quiet update
        chroot \"$PLACE\" apt-get --quiet --yes --no-install-recommends install \"$@\"
        chroot \"$PLACE\" apt-get clean";
    let mut command = namespace(script);
    command.args(PACKAGES.split(' '));
    command.env("PLACE", place).env("RELEASE", RELEASE);
    command.env("MIRROR", mirror());
    if let Some(proxy) = proxy() {
        command.env("http_proxy", proxy);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "debootstrap: {said}\n{complained}");
}

/// A shell script in mount and process namespaces of its own, which end with this thread; arguments
/// are given to the script.
pub(crate) fn namespace(script: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid"])
        .args(["--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-euc", script, "sh"]);
    command
}

/// The mirror of the release that this host's apt knows.
fn mirror() -> String {
    let format = "$(CODENAME) $(COMPONENT) $(REPO_URI)";
    let targets = apt(
        "apt-get",
        &["indextargets", "--format", format, "Created-By: Packages"],
    );
    let known = String::from_utf8_lossy(&targets.stdout).into_owned();
    let wanted = format!("{RELEASE} main ");
    let mirror = known.lines().find_map(|line| line.strip_prefix(&wanted));
    mirror
        .unwrap_or_else(|| panic!("this host's apt knows no mirror of {RELEASE}:\n{known}"))
        .to_owned()
}

/// The proxy that this host's apt goes through.
pub(crate) fn proxy() -> Option<String> {
    let output = apt("apt-config", &["shell", "PROXY", "Acquire::http::Proxy"]);
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = line.trim().strip_prefix("PROXY=")?;
    Some(value.trim_matches('\'').to_owned())
}

fn apt(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}
