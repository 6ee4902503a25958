//! `cargo xtask package`: the .deb and .rpm packages of packaging/packages.toml.

mod floor;
mod list;
mod manifest;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::install;
use crate::steps::{Outcome, cargo, root, run, step, succeeds, target};

const PROGRAMS: [&str; 3] = ["assay", "assay-api", "assay-worker"];

/// Cargo's way to leave out the build of a bundled library and to link another in its place: the
/// distribution's libpq, which knows TLS. A feature would have to be handed on by every crate between
/// the programs and the store.
const SYSTEM_LIBPQ: &str = "target.x86_64-unknown-linux-gnu.pq_sys_src.rustc-link-lib=['pq']";

/// How the programs are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For the tests: with the bundled libpq in both formats, and packed quickly.
    Dev,
    /// For use.
    Release,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Deb,
    Rpm,
}

impl Profile {
    fn named(name: Option<&str>) -> Outcome<Self> {
        match name {
            Some("dev") => Ok(Self::Dev),
            Some("release") => Ok(Self::Release),
            _ => Err("--profile is dev or release".to_owned()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Where cargo puts the programs.
    fn built(self) -> PathBuf {
        target().join(match self {
            Self::Dev => "debug",
            Self::Release => "release",
        })
    }

    /// Where the packages go.
    fn output(self) -> PathBuf {
        target().join("package").join(self.name())
    }
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }
}

/// Installs cargo's helpers, builds, and makes all packages.
pub(crate) fn command(args: &[String]) -> Outcome {
    let mut profile = Profile::Release;
    let mut may_install = true;
    let mut may_build = true;
    let mut rest: Vec<&str> = args.iter().map(String::as_str).collect();
    rest.reverse();
    while let Some(arg) = rest.pop() {
        match arg {
            "--no-install" => may_install = false,
            "--no-build" => may_build = false,
            "--profile" => profile = Profile::named(rest.pop())?,
            _ => return Err(format!("package does not understand '{arg}'")),
        }
    }
    install::packagers(may_install)?;
    let agent = build::agent()?;
    for format in [Format::Rpm, Format::Deb] {
        if may_build {
            compile(profile, format)?;
        }
        pack(profile, format, &agent)?;
    }
    report(profile)
}

/// Makes all packages of the programs that the test run has built.
pub(crate) fn for_tests(agent: &Path) -> Outcome<PathBuf> {
    for format in [Format::Rpm, Format::Deb] {
        pack(Profile::Dev, format, agent)?;
    }
    Ok(Profile::Dev.output())
}

fn compile(profile: Profile, format: Format) -> Outcome {
    let mut command = cargo(&["build", "--package", "assay-cli", "--bins"]);
    if profile == Profile::Release {
        command.arg("--release");
        if format == Format::Deb {
            if !succeeds(Command::new("pg_config").arg("--includedir")) {
                return Err("libpq is missing; run: apt-get install libpq-dev".to_owned());
            }
            command.args(["--config", SYSTEM_LIBPQ]);
        }
    }
    step(&format!("programs for {}", format.name()), &mut command)
}

fn pack(profile: Profile, format: Format, agent: &Path) -> Outcome {
    let list = list::read()?;
    let work = profile.output().join(format.name());
    let programs = work.join("target/release");
    fs::create_dir_all(&programs).map_err(|error| cannot_write(&programs, &error))?;
    remove_old(profile, format)?;
    for name in PROGRAMS {
        strip(&profile.built().join(name), &programs.join(name))?;
    }
    strip(agent, &programs.join("assay-agent"))?;
    for package in &list.package {
        let folder = work.join(&package.name);
        manifest::write(&folder, &list, package)?;
        let name = format!("{}.{}", package.name, format.name());
        step(&name, &mut packager(profile, format, &work, &folder))?;
    }
    Ok(())
}

fn packager(profile: Profile, format: Format, work: &Path, folder: &Path) -> Command {
    let built = work.join("target");
    // The slash makes both tools take a folder for what it is.
    let output = profile.output().join("");
    let mut command = match format {
        Format::Deb => {
            let mut command = cargo(&["deb", "--quiet", "--no-build", "--no-strip"]);
            if profile == Profile::Dev {
                command.args(["--fast", "--compress-type", "gz", "--compress-system"]);
            }
            command
        }
        Format::Rpm => {
            let mut command = cargo(&["generate-rpm", "--target-dir"]);
            command.arg(&built);
            if profile == Profile::Dev {
                command.args(["--payload-compress", "none"]);
            }
            command
        }
    };
    command.arg("--output").arg(output).current_dir(folder);
    command.env("CARGO_TARGET_DIR", built);
    command
}

fn strip(from: &Path, to: &Path) -> Outcome {
    let mut command = Command::new("strip");
    run("strip", command.arg("-o").arg(to).arg(from))
}

/// Removes packages of an earlier run, so that what is found afterwards is what was made.
fn remove_old(profile: Profile, format: Format) -> Outcome {
    for file in packages(&profile.output(), format)? {
        fs::remove_file(&file).map_err(|error| cannot_write(&file, &error))?;
    }
    Ok(())
}

fn packages(folder: &Path, format: Format) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .filter(|path| path.extension().is_some_and(|end| end == format.name()))
        .collect();
    found.sort();
    Ok(found)
}

/// Says what was made, how big it is, and which glibc it needs.
fn report(profile: Profile) -> Outcome {
    for format in [Format::Deb, Format::Rpm] {
        for file in packages(&profile.output(), format)? {
            let size = fs::metadata(&file).map_or(0, |metadata| metadata.len());
            let shown = file.strip_prefix(root()).unwrap_or(&file);
            println!("{}: {size} bytes", shown.display());
        }
        let programs = profile.output().join(format.name()).join("target/release");
        let floor = floor::of(PROGRAMS.map(|name| programs.join(name)))?;
        println!("{}: glibc {floor} or newer", format.name());
    }
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}
