//! TLS to PostgreSQL: packages for use link the distribution's libpq and check the server's
//! certificate; with the bundled libpq a URL that asks for TLS is refused, never served without it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::made::{self, said};

/// A cluster that takes connections over TLS alone, with the certificate of an authority of its own
/// for the name localhost.
struct Cluster {
    folder: TempDir,
    server: Child,
    port: u16,
}

const SETUP: &str = "
    for name in ca other; do
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$name \
            -keyout $name.key -out $name.pem
    done
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
    echo subjectAltName=DNS:localhost > names
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile names -out server.pem
    mkdir data
    chown postgres:postgres . data server.key
    setpriv --reuid=postgres --regid=postgres --init-groups \
        $bin/initdb --no-sync --auth=reject --username=assay --pgdata=$PWD/data
    echo 'hostssl all assay localhost trust' > data/pg_hba.conf";

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = said("pg_config", &[], Path::new("--bindir"));
        let made = Command::new("sh")
            .args(["-euc", SETUP])
            .env("bin", bin.trim())
            .current_dir(folder.path())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{complaint}");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let server = Command::new("setpriv")
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
            .args(["--pdeathsig", "QUIT"])
            .arg(PathBuf::from(bin.trim()).join("postgres"))
            .args(["-D", "data", "-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "ssl=on", "-c", "fsync=off"])
            .args(["-c", "ssl_cert_file=../server.pem"])
            .args(["-c", "ssl_key_file=../server.key"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cluster = Self {
            folder,
            server,
            port,
        };
        let began = Instant::now();
        while !cluster.answers() {
            assert!(began.elapsed() < Duration::from_secs(30), "no cluster");
            std::thread::sleep(Duration::from_millis(100));
        }
        cluster
    }

    fn answers(&self) -> bool {
        let port = self.port.to_string();
        Command::new("pg_isready")
            .args(["--quiet", "--host=127.0.0.1", "--port", &port])
            .status()
            .unwrap()
            .success()
    }

    fn url(&self, host: &str, authority: &str) -> String {
        let authority = self.folder.path().join(authority);
        format!(
            "postgres://assay@{host}:{}/postgres?sslmode=verify-full&sslrootcert={}",
            self.port,
            authority.display()
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        let _ = self.server.wait();
    }
}

/// `assay migrate` of the package, on that database.
fn migrate(folder: &Path, url: &str) -> Output {
    Command::new(folder.join("usr/bin/assay"))
        .args(["migrate", "--database-url", url, "--data-dir"])
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_url_that_asks_for_tls_gets_it_or_is_refused() {
    let package = made::deb("assay-cli");
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("dpkg-deb")
        .arg("--extract")
        .args([&package, folder.path()])
        .status();
    assert!(unpacked.unwrap().success());
    fs::create_dir(folder.path().join("data")).unwrap();
    let cluster = Cluster::start();
    let refused = |host: &str, authority: &str| {
        let output = migrate(folder.path(), &cluster.url(host, authority));
        assert!(!output.status.success(), "{host} {authority}");
        String::from_utf8_lossy(&output.stderr).to_lowercase()
    };

    // Another authority, and a name that the certificate is not for, with either library.
    refused("localhost", "other.pem");
    refused("127.0.0.1", "ca.pem");
    let depends = said("dpkg-deb", &["--show", "--showformat=${Depends}"], &package);
    if depends.contains("libpq5") {
        let output = migrate(folder.path(), &cluster.url("localhost", "ca.pem"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
    } else {
        let complaint = refused("localhost", "ca.pem");
        assert!(complaint.contains("ssl"), "{complaint}");
    }
}
