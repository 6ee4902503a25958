//! The kernel's command line, split as the kernel splits it.

/// Parameters in their order. Double quotes group words, also within a value
/// (`name="two words"`), as the kernel's `next_arg` does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelLine(Vec<(String, Option<String>)>);

impl KernelLine {
    /// Splits a line; there is no malformed one.
    pub fn parse(line: &str) -> Self {
        let mut parameters = Vec::new();
        let mut word = String::new();
        let mut quoted = false;
        for character in line.trim_end_matches(['\n', '\0']).chars().chain([' ']) {
            match character {
                '"' => quoted = !quoted,
                space if space.is_whitespace() && !quoted => take_word(&mut word, &mut parameters),
                other => word.push(other),
            }
        }
        // A quote that is never closed runs to the end of the line.
        take_word(&mut word, &mut parameters);
        Self(parameters)
    }

    /// Value of a parameter; the last one wins. Dashes and underscores are the
    /// same in a name, as for the kernel. `Some("")` for a bare word.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next_back()
    }

    /// Every value of a parameter that may be repeated, in order.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| same_name(known, name))
            .map(|(_, value)| value.as_deref().unwrap_or(""))
    }

    /// Is a switch on? On for a bare word, `1`, `true`, `yes`, `on`.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| {
            matches!(
                value.to_ascii_lowercase().as_str(),
                "" | "1" | "true" | "yes" | "on"
            )
        })
    }
}

fn take_word(word: &mut String, parameters: &mut Vec<(String, Option<String>)>) {
    let word = std::mem::take(word);
    let word = word.trim();
    if !word.is_empty() {
        parameters.push(match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.to_owned(), None),
        });
    }
}

fn same_name(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte };
    one.bytes().map(plain).eq(other.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_quotes_and_repetitions_are_understood() {
        let line = KernelLine::parse(
            "quiet url=http://h/c?nonce=a=b \"root_device=model=two words\" x=1 x=2 empty= q=\"a b\"c\n",
        );
        assert_eq!(line.get("url"), Some("http://h/c?nonce=a=b"));
        assert_eq!(line.get("root-device"), Some("model=two words"));
        assert_eq!(line.all("x").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(
            (line.get("x"), line.get("empty"), line.get("q")),
            (Some("2"), Some(""), Some("a bc"))
        );
        assert!(line.is_on("quiet") && line.is_on("x=") == line.is_on("y"));
        assert_eq!(line.get("absent"), None);
    }

    #[test]
    fn an_open_quote_runs_to_the_end() {
        assert_eq!(KernelLine::parse("a=\"b c").get("a"), Some("b c"));
    }

    proptest! {
        #[test]
        fn no_line_panics(text in "(\\PC|\"| |=|\n){0,80}", name in "\\PC{0,8}") {
            let line = KernelLine::parse(&text);
            line.get(&name);
            line.is_on(&name);
        }

        #[test]
        fn what_is_written_is_read(pairs in prop::collection::vec(("[a-z]{1,6}", "[a-z0-9:/.]{1,10}"), 1..6)) {
            let text: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let line = KernelLine::parse(&text.join(" "));
            let (name, _) = &pairs[0];
            let last = pairs.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            prop_assert_eq!(line.get(name), last);
        }
    }
}
