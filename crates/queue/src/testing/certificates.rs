//! An authority of one test, with certificates for the broker and for its client.

use std::path::{Path, PathBuf};

use assay_domain::{Error, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// PEM files.
pub(super) struct Certificates {
    pub(super) ca: PathBuf,
    pub(super) server: PathBuf,
    pub(super) server_key: PathBuf,
    pub(super) client: PathBuf,
    pub(super) client_key: PathBuf,
}

impl Certificates {
    /// Makes them in a folder.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let mut params = named("Assay test authority", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(Error::internal)?;
        let authority = params.self_signed(&key).map_err(Error::internal)?;
        let made = Self {
            ca: folder.join("ca.pem"),
            server: folder.join("server.pem"),
            server_key: folder.join("server-key.pem"),
            client: folder.join("client.pem"),
            client_key: folder.join("client-key.pem"),
        };
        write(&made.ca, &authority.pem())?;
        let issuer = Issuer::new(params, key);
        let names = ["localhost", "127.0.0.1"];
        issue(&issuer, "broker", &names, &made.server, &made.server_key)?;
        issue(&issuer, "assay", &[], &made.client, &made.client_key)?;
        Ok(made)
    }
}

fn named(name: &str, hosts: &[&str]) -> Result<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).map_err(Error::internal)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn issue(
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    hosts: &[&str],
    certificate: &Path,
    key_file: &Path,
) -> Result<()> {
    let key = KeyPair::generate().map_err(Error::internal)?;
    let signed = named(name, hosts)?
        .signed_by(&key, issuer)
        .map_err(Error::internal)?;
    write(certificate, &signed.pem())?;
    write(key_file, &key.serialize_pem())
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(Error::internal)
}
