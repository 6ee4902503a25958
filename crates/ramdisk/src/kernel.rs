//! Finds a kernel on this host that has its modules beside it.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// A kernel image and the modules that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The bootable image (`/boot/vmlinuz-RELEASE`).
    pub image: PathBuf,
    /// The folder of its modules (`/lib/modules/RELEASE`).
    pub modules_dir: PathBuf,
    /// The release string, as `uname -r` would show it.
    pub release: String,
}

/// The newest kernel of this host, by release number, whose modules are installed.
pub fn find_kernel() -> Option<Kernel> {
    find_kernel_in(Path::new("/boot"), Path::new("/lib/modules"))
}

/// The newest `vmlinuz-*` of `boot` that has a folder with a `modules.dep` in `modules`.
pub fn find_kernel_in(boot: &Path, modules: &Path) -> Option<Kernel> {
    std::fs::read_dir(boot)
        .ok()?
        .filter_map(|entry| {
            let image = entry.ok()?.path();
            let release = image
                .file_name()?
                .to_str()?
                .strip_prefix("vmlinuz-")?
                .to_owned();
            let modules_dir = modules.join(&release);
            (image.is_file() && modules_dir.join("modules.dep").is_file()).then_some(Kernel {
                image,
                modules_dir,
                release,
            })
        })
        .max_by(|a, b| compare_releases(&a.release, &b.release))
}

/// Compares digits as numbers and everything else as text, so that 6.10 comes after 6.9.
fn compare_releases(a: &str, b: &str) -> Ordering {
    let (left, right) = (pieces(a), pieces(b));
    left.cmp(&right)
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Text(&'a str),
    Number(u64),
}

fn pieces(release: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = release;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        found.push(match piece.parse() {
            Ok(number) if digits => Piece::Number(number),
            _ => Piece::Text(piece),
        });
        rest = tail;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, release: &str, with_modules: bool) {
        let boot = root.join("boot");
        std::fs::create_dir_all(&boot).unwrap();
        std::fs::write(boot.join(format!("vmlinuz-{release}")), b"k").unwrap();
        if with_modules {
            let modules = root.join("modules").join(release);
            std::fs::create_dir_all(&modules).unwrap();
            std::fs::write(modules.join("modules.dep"), b"").unwrap();
        }
    }

    #[test]
    fn the_newest_kernel_with_modules_wins() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "6.1.0-9-amd64", true);
        install(root.path(), "6.1.0-56-amd64", true);
        install(root.path(), "6.12.1-amd64", false);
        let found =
            find_kernel_in(&root.path().join("boot"), &root.path().join("modules")).unwrap();
        assert_eq!(found.release, "6.1.0-56-amd64");
    }

    #[test]
    fn no_kernel_is_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(find_kernel_in(&root.path().join("boot"), root.path()), None);
    }

    #[test]
    fn minor_versions_compare_as_numbers() {
        assert_eq!(compare_releases("6.10.0", "6.9.7"), Ordering::Greater);
        assert_eq!(
            compare_releases("6.1.0-56-amd64", "6.1.0-56-amd64"),
            Ordering::Equal
        );
    }
}
