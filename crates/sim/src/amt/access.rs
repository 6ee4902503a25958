//! Who may talk to an AMT device: digest access authentication (RFC 7616) with MD5 and `auth`, as AMT has it.

use std::collections::VecDeque;

use md5::{Digest, Md5};
use rand::Rng;
use uuid::Uuid;

use super::{AmtFaults, AmtOptions};

/// Nonces that are remembered; an older one has run out.
const NONCES: usize = 64;

/// Nonces and how far they were used.
pub(super) struct Access {
    realm: String,
    nonces: VecDeque<Nonce>,
}

struct Nonce {
    value: String,
    /// The highest count that was seen with it.
    count: u32,
}

/// What a request's login is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Right; `new` when its nonce was not used before.
    Right { new: bool },
    /// There is none.
    Absent,
    /// Right, but for its nonce.
    Stale,
    /// Wrong.
    Wrong,
}

impl Access {
    pub(super) fn new(uuid: &Uuid) -> Self {
        Self {
            realm: format!("Digest:{}", uuid.simple().to_string().to_uppercase()),
            nonces: VecDeque::new(),
        }
    }

    /// The value of a `WWW-Authenticate` header with a new nonce.
    pub(super) fn challenge(&mut self, stale: bool) -> String {
        let value = format!("{:032x}", rand::rng().random::<u128>());
        self.nonces.truncate(NONCES - 1);
        self.nonces.push_front(Nonce {
            value: value.clone(),
            count: 0,
        });
        format!(
            r#"Digest realm="{}", nonce="{value}", stale="{stale}", qop="auth""#,
            self.realm
        )
    }

    /// Forgets all nonces, as a restart does.
    pub(super) fn forget(&mut self) {
        self.nonces.clear();
    }

    /// Judges the `Authorization` header of a request.
    pub(super) fn judge(
        &mut self,
        header: Option<&str>,
        method: &str,
        path: &str,
        options: &AmtOptions,
        faults: &AmtFaults,
    ) -> Verdict {
        let Some(header) = header else {
            return Verdict::Absent;
        };
        let Some(given) = Given::parse(header) else {
            return Verdict::Wrong;
        };
        let right = !faults.refuse_credentials
            && given.username == options.username
            && given.realm == self.realm
            && given.uri == path
            && given.qop == "auth"
            && given.response == given.expected(method, &options.password);
        if !right {
            return Verdict::Wrong;
        }
        let nonce = self
            .nonces
            .iter_mut()
            .find(|nonce| nonce.value == given.nonce);
        let Some(nonce) = nonce else {
            return Verdict::Stale;
        };
        if faults.always_stale || faults.nonce_uses.is_some_and(|uses| given.count > uses) {
            return Verdict::Stale;
        }
        // A count that is not higher than the last one is somebody who listened.
        if given.count <= nonce.count {
            return Verdict::Wrong;
        }
        let new = nonce.count == 0;
        nonce.count = given.count;
        Verdict::Right { new }
    }
}

/// A login as a request gives it.
#[derive(Default)]
struct Given {
    username: String,
    realm: String,
    nonce: String,
    uri: String,
    qop: String,
    nc: String,
    count: u32,
    cnonce: String,
    response: String,
}

impl Given {
    /// Credentials have the grammar of a challenge (RFC 9110, 11.4).
    fn parse(header: &str) -> Option<Self> {
        let mut challenges = http_auth::parse_challenges(header).ok()?;
        let digest = challenges.pop().filter(|_| challenges.is_empty())?;
        if !digest.scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut given = Self::default();
        for (name, value) in digest.params {
            let value = value.to_unescaped();
            match name.to_ascii_lowercase().as_str() {
                "username" => given.username = value,
                "realm" => given.realm = value,
                "nonce" => given.nonce = value,
                "uri" => given.uri = value,
                "qop" => given.qop = value,
                "nc" => given.nc = value,
                "cnonce" => given.cnonce = value,
                "response" => given.response = value,
                "algorithm" if value.eq_ignore_ascii_case("md5") => {}
                _ => return None,
            }
        }
        given.count = u32::from_str_radix(&given.nc, 16).ok()?;
        (given.nc.len() == 8 && !given.cnonce.is_empty()).then_some(given)
    }

    /// The response that the right password gives (RFC 7616, 3.4.1 to 3.4.3).
    fn expected(&self, method: &str, password: &str) -> String {
        let who = md5(&[&self.username, &self.realm, password]);
        let what = md5(&[method, &self.uri]);
        md5(&[&who, &self.nonce, &self.nc, &self.cnonce, &self.qop, &what])
    }
}

/// The digest of parts with colons between them, in lower-case digits.
fn md5(parts: &[&str]) -> String {
    let digest: [u8; 16] = Md5::digest(parts.join(":")).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_of_the_standards_example_is_right() {
        // RFC 7616, 3.9.1, the MD5 variant.
        let given = Given::parse(
            r#"Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5,
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001,
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth,
            response="8ca523f5e9506fed4657c9700eebdbec""#
                .replace('\n', " ")
                .as_str(),
        )
        .unwrap();
        assert_eq!(given.expected("GET", "Circle of Life"), given.response);
        assert_ne!(given.expected("POST", "Circle of Life"), given.response);
    }

    #[test]
    fn counts_must_rise_and_nonces_run_out() {
        let options = AmtOptions::default();
        let mut access = Access::new(&Uuid::nil());
        let answer = |challenge: &str, nc: &str, password: &str| {
            let nonce = challenge.split('"').nth(3).unwrap();
            let given = Given {
                username: "admin".into(),
                realm: format!("Digest:{}", "0".repeat(32)),
                nonce: nonce.into(),
                uri: "/wsman".into(),
                qop: "auth".into(),
                nc: nc.into(),
                cnonce: "c".into(),
                ..Given::default()
            };
            let response = given.expected("POST", password);
            format!(
                r#"Digest username="admin", realm="{}", nonce="{nonce}", uri="/wsman", qop=auth, nc={nc}, cnonce="c", response="{response}""#,
                given.realm
            )
        };
        let twice = AmtFaults {
            nonce_uses: Some(2),
            ..AmtFaults::default()
        };
        let challenge = access.challenge(false);
        let mut judge =
            |header: Option<&str>| access.judge(header, "POST", "/wsman", &options, &twice);
        assert_eq!(judge(None), Verdict::Absent);
        assert_eq!(judge(Some("Basic abc")), Verdict::Wrong);
        assert_eq!(
            judge(Some(&answer(&challenge, "00000001", "guess"))),
            Verdict::Wrong
        );
        let first = answer(&challenge, "00000001", "simulated");
        assert_eq!(judge(Some(&first)), Verdict::Right { new: true });
        assert_eq!(judge(Some(&first)), Verdict::Wrong, "somebody who listened");
        let second = answer(&challenge, "00000002", "simulated");
        assert_eq!(judge(Some(&second)), Verdict::Right { new: false });
        let third = answer(&challenge, "00000003", "simulated");
        assert_eq!(judge(Some(&third)), Verdict::Stale);
        let foreign = answer(r#"realm="" nonce="n""#, "00000001", "simulated");
        assert_eq!(judge(Some(&foreign)), Verdict::Stale);
    }
}
