//! A file's name and its one line.

use std::fmt;

use assay_inventory::Mac;

const PREFIX: &str = "assay-";
const OTHERS: &str = "others";
/// Matches every address, with lower precedence than a whole one.
const WILDCARD: &str = "*:*:*:*:*:*";

/// Whom a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// One network card.
    Card(Mac),
    /// All that have no file of their own.
    Others,
}

/// What a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The DHCP server answers.
    Serve,
    /// It does not.
    Refuse,
}

impl Subject {
    /// The subject of the file with this name; none for a file that is not ours.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        if rest == OTHERS {
            return Some(Self::Others);
        }
        let card = Self::Card(rest.parse().ok()?);
        // Only the notation that we write: another one would stand for the same card.
        (card.file_name() == name).then_some(card)
    }

    /// The name of its file.
    pub(super) fn file_name(self) -> String {
        match self {
            Self::Others => format!("{PREFIX}{OTHERS}"),
            Self::Card(mac) => format!("{PREFIX}{}", mac.to_string().replace(':', "")),
        }
    }

    /// The whole text of its file.
    pub(super) fn text(self, line: Line) -> String {
        match line {
            Line::Serve => format!("{self}\n"),
            Line::Refuse => format!("{self},ignore\n"),
        }
    }

    /// What the text of its file says; none for a text that we did not write.
    pub(super) fn line(self, text: &str) -> Option<Line> {
        let mut lines = [Line::Serve, Line::Refuse].into_iter();
        lines.find(|line| self.text(*line) == text)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Others => f.write_str(WILDCARD),
            Self::Card(mac) => mac.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_texts_are_what_dnsmasq_takes() {
        let card = Subject::of_file("assay-525400abcd01").unwrap();
        assert_eq!(card.text(Line::Serve), "52:54:00:ab:cd:01\n");
        assert_eq!(card.text(Line::Refuse), "52:54:00:ab:cd:01,ignore\n");
        assert_eq!(Subject::Others.text(Line::Refuse), "*:*:*:*:*:*,ignore\n");
    }

    #[test]
    fn files_of_others_are_not_ours() {
        for name in [
            "",
            "assay-",
            "assay-notes",
            "assay-52:54:00:ab:cd:01",
            "assay-525400ABCD01",
            "assay-525400abcd01~",
            "assay-525400abcd01 ",
            "525400abcd01",
            ".assay-others.7.tmp",
        ] {
            assert_eq!(Subject::of_file(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_understood(bytes in any::<[u8; 6]>(), refuse in any::<bool>()) {
            let card = Subject::Card(Mac::new(bytes));
            let line = if refuse { Line::Refuse } else { Line::Serve };
            prop_assert_eq!(Subject::of_file(&card.file_name()), Some(card));
            prop_assert_eq!(card.line(&card.text(line)), Some(line));
        }

        #[test]
        fn any_name_is_taken_without_a_fall(name in ".{0,40}", text in ".{0,40}") {
            if let Some(subject) = Subject::of_file(&name) {
                prop_assert_eq!(subject.file_name(), name);
            }
            prop_assert_eq!(Subject::Others.line(&text), None);
        }
    }
}
