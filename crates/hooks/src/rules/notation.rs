//! The notation of JSONPath: from the lax one that rules use to the standard's.

/// Parsing and querying are recursive.
const MAX_DEPTH: usize = 8;
/// What multiplies the work of a query: each may visit the whole report once more.
const MAX_DESCENTS: usize = 3;
const MAX_ALTERNATIVES: usize = 8;
const MAX_ROOTS: usize = 1;

/// The path in RFC 9535's notation.
pub(crate) fn standard(path: &str) -> Result<String, String> {
    let path = path.trim();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    if path.is_empty()
        || (path.starts_with('$') && !rest.is_empty() && !rest.starts_with(['.', '[']))
    {
        return Err("is not a path such as inventory.cpu.count".to_owned());
    }
    let mut standard = "$".to_owned();
    let mut work = Work::default();
    while !rest.is_empty() {
        let bracket = rest
            .strip_prefix('.')
            .filter(|inner| inner.starts_with('['));
        if let Some(inner) = bracket {
            rest = inner;
        }
        if rest.starts_with('[') {
            let (selector, after) = rest.split_at(bracket_end(rest, &mut work)?);
            standard.push_str(selector);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("..") {
            work.descents += 1;
            standard.push_str("..");
            rest = after;
            if rest.starts_with('[') {
                continue;
            }
        } else {
            standard.push('.');
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        rest = segment(rest, &mut standard)?;
    }
    work.check()?;
    Ok(standard)
}

/// How much work a path asks for; texts in quotes are not counted.
#[derive(Default)]
struct Work {
    descents: usize,
    alternatives: usize,
    roots: usize,
}

impl Work {
    fn count(&mut self, char: char, next: Option<char>) {
        match char {
            '.' if next == Some('.') => self.descents += 1,
            ',' => self.alternatives += 1,
            '$' => self.roots += 1,
            _ => {}
        }
    }

    fn check(&self) -> Result<(), String> {
        for (count, limit, what) in [
            (self.descents, MAX_DESCENTS, "descents (..)"),
            (self.alternatives, MAX_ALTERNATIVES, "commas"),
            (
                self.roots,
                MAX_ROOTS,
                "queries from the root ($) in its filters",
            ),
        ] {
            if count > limit {
                return Err(format!("has more than {limit} {what}"));
            }
        }
        Ok(())
    }
}

/// A name after a dot; one that RFC 9535 does not allow there is put into brackets.
fn segment<'a>(rest: &'a str, standard: &mut String) -> Result<&'a str, String> {
    if rest.starts_with(['\'', '"']) {
        let end = quoted_end(rest)?;
        let (name, after) = rest.split_at(end);
        bracketed(standard, name);
        return Ok(after);
    }
    let (name, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '@');
    if name == "*" {
        standard.push('*');
    } else if name.is_empty() {
        return Err("has an empty part".to_owned());
    } else if !name.chars().all(is_word) {
        return Err(format!("{name:?} is not a name; write ['{name}']"));
    } else if is_shorthand(name) {
        standard.push_str(name);
    } else {
        bracketed(standard, &format!("'{name}'"));
    }
    Ok(after)
}

fn bracketed(standard: &mut String, quoted: &str) {
    if standard.ends_with('.') && !standard.ends_with("..") {
        standard.pop();
    }
    standard.push('[');
    standard.push_str(quoted);
    standard.push(']');
}

/// RFC 9535, section 2.5.1.1: member-name-shorthand.
fn is_shorthand(name: &str) -> bool {
    let first = |char: char| char.is_ascii_alphabetic() || char == '_' || !char.is_ascii();
    name.starts_with(first)
        && name
            .chars()
            .all(|char| first(char) || char.is_ascii_digit())
}

/// Where the bracket at the beginning is closed, behind it.
fn bracket_end(text: &str, work: &mut Work) -> Result<usize, String> {
    let mut depth = 0;
    let mut at = 0;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        work.count(char, rest.clone().next());
        match char {
            '\'' | '"' => {
                at += quoted_end(text.get(at..).unwrap_or_default())?;
                rest = text.get(at..).unwrap_or_default().chars();
                continue;
            }
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("is nested deeper than {MAX_DEPTH}"));
        }
        at += char.len_utf8();
        if depth == 0 {
            return Ok(at);
        }
    }
    Err("has an unclosed '['".to_owned())
}

/// Where the quotation at the beginning ends, behind its closing quote.
fn quoted_end(text: &str) -> Result<usize, String> {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, quote)| quote);
    while let Some((at, char)) = chars.next() {
        if char == '\\' {
            chars.next();
        } else if Some(char) == quote {
            return Ok(at + char.len_utf8());
        }
    }
    Err("has an unclosed quotation".to_owned())
}
