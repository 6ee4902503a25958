//! Secrets that nobody may ever read in what Assay writes, and the forms in which they could stand there.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Secrets to be looked for.
pub struct Canaries {
    /// Each as it is, and with the name of a form.
    forms: Vec<(&'static str, String)>,
}

impl Canaries {
    /// These secrets, which are of ASCII and long enough to stand nowhere by chance.
    pub fn new(secrets: &[&str]) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            assert!(secret.is_ascii() && secret.len() > 12, "{secret}");
            forms.push(("plain", (*secret).to_owned()));
            let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
            forms.push(("hexadecimal", hex.to_uppercase()));
            forms.push(("hexadecimal", hex));
            // As Rust shows bytes.
            let bytes = format!("{:?}", secret.as_bytes());
            forms.push(("a list of bytes", bytes.replace(['[', ']'], "")));
            forms.extend((0..3).flat_map(|before| base64(secret, before)));
        }
        Self { forms }
    }

    /// What is found in something that was written, by name.
    pub fn found_in(&self, name: &str, written: &[u8]) -> Vec<String> {
        // All forms are of ASCII: they stay what they are in whatever this makes of the rest.
        let text = String::from_utf8_lossy(written);
        let found = self.forms.iter().filter(|(_, form)| text.contains(form));
        found
            .map(|(kind, form)| format!("{name} holds {form} ({kind})"))
            .collect()
    }

    /// What is found in any file of a folder, and of those in it.
    pub fn found_below(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(self.found_below(&path));
            } else {
                // A file that has gone meanwhile holds nothing.
                let bytes = std::fs::read(&path).unwrap_or_default();
                found.extend(self.found_in(&path.display().to_string(), &bytes));
            }
        }
        found
    }
}

/// The secret in base64, of both alphabets, with that many bytes before it in the same text (e.g. a name
/// and a colon): only the characters that hang on nothing but the secret.
fn base64(secret: &str, before: usize) -> [(&'static str, String); 2] {
    let mut bytes = vec![0; before];
    bytes.extend(secret.bytes());
    let own = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
    [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD]
        .map(|engine| ("base64", engine.encode(&bytes)[own.clone()].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        const SECRET: &str = "canary-of-this-test?>~";
        const HEX: &str = "63616E6172792D6F662D746869732D746573743F3E7E";
        let canaries = Canaries::new(&[SECRET]);
        let mut written = vec![
            format!("password={SECRET}"),
            HEX.to_lowercase(),
            HEX.to_owned(),
            format!("{:?}", format!("\0{SECRET}\n").as_bytes()),
        ];
        for login in ["", "a", "ab", "abc"] {
            let login = format!("{login}{SECRET}{login}");
            written.push(BASE64_STANDARD_NO_PAD.encode(&login));
            written.push(BASE64_URL_SAFE_NO_PAD.encode(&login));
        }
        for text in written {
            let bytes = [b"\xff", text.as_bytes(), b"\xfe"].concat();
            let found = canaries.found_in("it", &bytes);
            assert!(!found.is_empty(), "{text}");
            assert_eq!(canaries.found_in("it", &bytes[..12]), [""; 0], "{text}");
        }
    }
}
