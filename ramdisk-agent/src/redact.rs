//! Keeps the callback's address and nonce out of everything that is logged.

use crate::kernel_line::KernelLine;

const SECRET_PARAMETERS: [&str; 2] = ["ipa-inspection-callback-url", "assay.phase-url"];
const MASK: &str = "[hidden]";

/// Texts that must not be seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Redactor {
    /// Longest first, so that a URL goes before the nonce in it.
    secrets: Vec<String>,
}

impl Redactor {
    /// Learns the URLs of a kernel line, and the parts of them that look like
    /// a nonce: query values, and path segments of 16 characters or more.
    pub(crate) fn new(line: &KernelLine) -> Self {
        let mut secrets = Vec::new();
        for url in SECRET_PARAMETERS.iter().flat_map(|name| line.all(name)) {
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            secrets.push(url.to_owned());
            secrets.extend(
                query
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(_, value)| value.to_owned())
                    .filter(|value| value.len() >= 8),
            );
            secrets.extend(
                path.split('/')
                    .skip(3)
                    .filter(|part| part.len() >= 16)
                    .map(str::to_owned),
            );
        }
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// The text with every secret masked, also where the kernel cut it short.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in SECRET_PARAMETERS {
            text = mask_parameter(&text, &format!("{name}="));
        }
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), MASK);
        }
        text
    }
}

fn mask_parameter(text: &str, start: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let (before, found) = rest.split_at(at + start.len());
        cleaned.push_str(before);
        cleaned.push_str(MASK);
        rest = found.trim_start_matches(|c: char| !c.is_whitespace());
    }
    cleaned + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_their_nonces_are_masked_wherever_they_stand() {
        let line = "quiet ipa-inspection-callback-url=http://h:80/v1/continue?nonce=n0nce-n0nce \
                    assay.phase-url=http://h:80/assay/v1/boot/0123456789abcdef/phase x";
        let redactor = Redactor::new(&KernelLine::parse(line));
        let dirty = format!(
            "Command line: {line}\ncut: assay.phase-url=http://h:80/ass\n\
             GET /assay/v1/boot/0123456789abcdef/kernel\nposting to http://h:80/v1/continue?nonce=n0nce-n0nce"
        );
        let clean = redactor.clean(&dirty);
        for secret in ["n0nce", "0123456789abcdef", "http://h"] {
            assert!(!clean.contains(secret), "{clean}");
        }
        assert!(clean.contains("quiet") && clean.contains(" x\n") && clean.contains("posting to"));
    }
}
