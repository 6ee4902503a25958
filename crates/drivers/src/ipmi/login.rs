//! Who logs in: a power control's password as IPMI wants it, with the BMC's key K_G where it has one.

use assay_domain::Secret;
use zeroize::Zeroizing;

/// The longest K_G in bytes (section 22.25 of the IPMI specification).
const KEY_LIMIT: usize = 20;

/// What a session is opened with.
pub(super) struct Login {
    pub(super) password: Secret,
    pub(super) key: Option<Zeroizing<Vec<u8>>>,
}

impl Login {
    /// Takes the lines of the password apart; the module's head says what they are. They are kept
    /// where passwords are, because K_G is one: no setting holds a secret.
    ///
    /// # Errors
    /// What is wrong with the key, without repeating it.
    pub(super) fn of(password: Option<&Secret>) -> Result<Self, String> {
        let text = password.map_or("", Secret::expose);
        let Some((first, second)) = text.split_once('\n') else {
            return Ok(Self {
                password: Secret::new(text),
                key: None,
            });
        };
        Ok(Self {
            password: Secret::new(first.trim_end_matches('\r')),
            key: Some(key(second.trim_end_matches(['\r', '\n']))?),
        })
    }
}

fn key(line: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let key = match line.strip_prefix("0x") {
        Some(digits) => hex(digits),
        None => Some(Zeroizing::new(line.as_bytes().to_vec())),
    };
    key.filter(|key| (1..=KEY_LIMIT).contains(&key.len()))
        .ok_or_else(|| {
            "the second line of the password, the key K_G, must be 1 to 20 bytes, or 0x and 1 to 20 \
             bytes in hexadecimal"
                .into()
        })
}

fn hex(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) || !digits.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect();
    bytes.map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(String, Option<Vec<u8>>), String> {
        let login = Login::of(Some(&Secret::new(text)))?;
        let key = login.key.map(|key| key.to_vec());
        Ok((login.password.expose().to_owned(), key))
    }

    #[test]
    fn the_second_line_is_the_key() {
        let (pass, key) = ("pass".to_owned(), Some(b"a key".to_vec()));
        assert_eq!(read("pass"), Ok((pass.clone(), None)));
        assert_eq!(read("pass\na key"), Ok((pass.clone(), key.clone())));
        assert_eq!(read("pass\r\na key\r\n"), Ok((pass.clone(), key)));
        assert_eq!(read("pass\n0x00fF"), Ok((pass, Some(vec![0, 0xff]))));
        assert_eq!(Login::of(None).ok().unwrap().password.expose(), "");
    }

    #[test]
    fn what_is_no_key_is_said() {
        for line in ["", "0x", "0x1", "0x+1", "0xzz", "twenty-one characters"] {
            assert!(read(&format!("pass\n{line}")).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_key_makes_reading_panic_and_none_is_repeated(key in "(0x)?\\PC{5,30}") {
            if let Err(error) = read(&format!("pass\n{key}")) {
                prop_assert!(!error.contains(&key));
            }
        }
    }
}
