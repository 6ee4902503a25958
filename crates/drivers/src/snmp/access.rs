//! Who is asking: a power control's login and password as SNMP wants them.

use assay_domain::{DriverError, Secret, Target};
use async_snmp::{Auth, MasterKeys, PrivProtocol, UsmConfig};

use super::settings::{Security, Settings, Version};
use crate::peer::Peer;

/// The fewest bytes of a passphrase (RFC 3414, 11.2).
const SHORTEST: usize = 8;

/// The most bytes of a user's name (RFC 3414, 5: usmUserName).
const LONGEST_USER: usize = 32;

/// What each request proves itself with; the module's head says where it comes from.
///
/// # Errors
/// [`DriverError::Unsupported`] when the power control lacks what the version needs.
pub(super) fn auth(
    target: &Target,
    settings: &Settings,
    version: Version,
    peer: &Peer,
) -> Result<Auth, DriverError> {
    let password = target.password.as_ref().map(Secret::expose);
    let password = password.filter(|password| !password.is_empty());
    match version {
        Version::V1 | Version::V2c => {
            let community = password.ok_or_else(|| {
                peer.unsupported(
                    "SNMP 1 and 2c need a community, which is the power control's password",
                )
            })?;
            let community = community.as_bytes().to_vec();
            Ok(match version {
                Version::V1 => Auth::v1(community),
                _ => Auth::v2c(community),
            })
        }
        Version::V3 => user(target, settings, password, peer).map(Auth::from),
    }
}

fn user(
    target: &Target,
    settings: &Settings,
    password: Option<&str>,
    peer: &Peer,
) -> Result<UsmConfig, DriverError> {
    let name = target.login.as_deref().filter(|login| !login.is_empty());
    let name = name.ok_or_else(|| {
        peer.unsupported("SNMP 3 needs a user, which is the power control's login")
    })?;
    if name.len() > LONGEST_USER {
        return Err(peer.unsupported("a user of SNMP 3 has a name of at most 32 bytes"));
    }
    let mut user = UsmConfig::new(name.as_bytes().to_vec());
    if let Some(context) = &settings.context {
        user = user.context_name(context.clone().into_bytes());
    }
    if settings.security == Security::NoAuthNoPriv {
        return Ok(user);
    }
    let (auth, privacy) = passphrases(password, peer)?;
    let odd = |error: async_snmp::CryptoError| peer.unsupported(error.to_string());
    // The keys take a megabyte of hashing (RFC 3414, A.2), so they are made once for both clients.
    let mut keys = MasterKeys::new(settings.auth, auth.as_bytes()).map_err(odd)?;
    if settings.security == Security::AuthPriv {
        keys = match privacy {
            Some(privacy) => keys.with_privacy(PrivProtocol::Aes128, privacy.as_bytes()),
            None => keys.with_privacy_same_password(PrivProtocol::Aes128),
        }
        .map_err(odd)?;
    }
    user.with_master_keys(keys).map_err(odd)
}

/// The passphrases of authentication and privacy: the lines of the password.
fn passphrases<'a>(
    password: Option<&'a str>,
    peer: &Peer,
) -> Result<(&'a str, Option<&'a str>), DriverError> {
    let password = password.ok_or_else(|| {
        peer.unsupported(
            "SNMP 3 needs a passphrase, which is the power control's password, or the setting \
             'security' \"noAuthNoPriv\"",
        )
    })?;
    let (auth, privacy) = match password.split_once('\n') {
        Some((auth, privacy)) => (auth.trim_end_matches('\r'), Some(privacy)),
        None => (password, None),
    };
    if [Some(auth), privacy]
        .into_iter()
        .flatten()
        .any(|passphrase| passphrase.len() < SHORTEST)
    {
        return Err(peer.unsupported("a passphrase of SNMP 3 has at least eight characters"));
    }
    Ok((auth, privacy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passwords_lines_are_the_passphrases() {
        let peer = Peer::unknown();
        let split = |password| passphrases(Some(password), &peer);
        assert_eq!(split("long enough"), Ok(("long enough", None)));
        assert_eq!(
            split("long enough\nanother one"),
            Ok(("long enough", Some("another one")))
        );
        assert_eq!(
            split("long enough\r\nanother one"),
            Ok(("long enough", Some("another one")))
        );
        for short in ["short", "long enough\nshort", "short\nlong enough", "\n"] {
            assert!(split(short).is_err());
        }
        assert!(passphrases(None, &peer).is_err());
    }
}
