//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::commands::simulate::Simulate;

/// Bare-metal introspection and lifecycle appliance.
#[derive(Debug, Parser)]
#[command(name = "assay", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Assay's API: takes requests and leaves the work to the workers.
#[derive(Debug, Parser)]
#[command(name = "assay-api", version)]
pub(crate) struct ApiArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// Assay's worker: does what the API was asked for.
#[derive(Debug, Parser)]
#[command(name = "assay-worker", version)]
pub(crate) struct WorkerArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Address and port for /healthz, /readyz and /metrics; port 0 takes a free one. Nothing listens
    /// when neither this nor `worker_listen` is given.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

/// What every command that touches data understands. Flags win over environment (`ASSAY_…`), which
/// wins over the file.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Common {
    /// Configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder for the database, the key and boot files.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// `sqlite:PATH` or `postgres://…`; SQLite in the data folder when absent.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves API and worker in one process.
    Serve(Serve),
    /// Introspects a machine for real, shows it, and goes on serving.
    Demo(Demo),
    /// Runs a fleet of simulated BMCs on loopback addresses, or a simulated cloud, to try clients on.
    Simulate(Simulate),
    /// Shows who is alive, what they hold and since when.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Manages local users.
    #[command(subcommand)]
    User(User),
    /// Makes what machines boot.
    #[command(subcommand)]
    Ramdisk(Ramdisk),
    /// Brings the database's schema up to this program.
    Migrate,
    /// Writes all data into one file; readable for either database. The key is not in it.
    Backup {
        /// The file to write; must not exist.
        file: PathBuf,
    },
    /// Reads all data from a backup into an empty database.
    Restore {
        /// The file to read.
        file: PathBuf,
    },
    /// Makes a new key and encrypts all secrets with it again.
    RotateKey,
    /// Writes the OpenAPI documents.
    Openapi {
        /// Folder to write into.
        #[arg(long, default_value = "openapi")]
        output: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// `none` makes everybody admin; only on a loopback address.
    #[arg(long, value_enum)]
    pub(crate) auth: Option<Auth>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// A token or HTTP Basic with every request.
    Required,
    /// No proof of identity.
    None,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// End once the machine is introspected, instead of serving on.
    #[arg(long)]
    pub(crate) once: bool,
    /// The static agent; beside this program when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) agent: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5050")]
    pub(crate) listen: SocketAddr,
    /// Boot the machine with UEFI instead of BIOS.
    #[arg(long)]
    pub(crate) uefi: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Creates a user; the password is read from standard input.
    Add {
        /// Login name.
        name: String,
        /// admin, operator or observer.
        #[arg(long)]
        role: String,
        /// Says that the password comes on standard input, as one line.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Sets a user's password from standard input; the user's tokens end.
    Password {
        /// Login name.
        name: String,
        /// Says that the password comes on standard input, as one line.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Deletes a user; the user's tokens end.
    Delete {
        /// Login name.
        name: String,
    },
    /// Lists all users.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ramdisk {
    /// Makes the initramfs from the agent and a kernel's modules.
    Build(RamdiskBuild),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RamdiskBuild {
    /// The static agent; beside this program, or where its package puts it, when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) agent: Option<PathBuf>,
    /// The initramfs to write. When absent, initramfs and kernel go to where the API serves them
    /// from: boot/initramfs and boot/kernel in the data folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Kernel release whose modules go in; the newest of this host when absent.
    #[arg(long, value_name = "RELEASE")]
    pub(crate) kernel_release: Option<String>,
    /// Folder with firmware files; those that the modules ask for are taken.
    #[arg(long, value_name = "DIR")]
    pub(crate) firmware: Option<PathBuf>,
}
