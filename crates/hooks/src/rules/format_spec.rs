//! Python's format specifications: `[[fill]align][sign][#][0][width][,][.precision][type]`.

use serde_json::Value;

use super::text::plain;

/// A value that fills a screen many times over is a mistake.
const MAX_WIDTH: usize = 1000;

/// How a value is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FormatSpec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

impl FormatSpec {
    /// Parses what follows the colon; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest: &str = text;
        let mut spec = Self::default();
        let mut chars = rest.chars();
        let (first, second) = (chars.next(), chars.next());
        if let (Some(fill), Some(align @ ('<' | '>' | '=' | '^'))) = (first, second) {
            (spec.fill, spec.align) = (Some(fill), Some(align));
            rest = chars.as_str();
        } else {
            spec.align = take(&mut rest, &['<', '>', '=', '^']);
        }
        spec.sign = take(&mut rest, &['+', '-', ' ']);
        spec.alternate = take(&mut rest, &['#']).is_some();
        if take(&mut rest, &['0']).is_some() {
            spec.fill = spec.fill.or(Some('0'));
            spec.align = spec.align.or(Some('='));
        }
        spec.width = number(&mut rest, text)?.unwrap_or(0);
        spec.grouping = take(&mut rest, &[',', '_']);
        if take(&mut rest, &['.']).is_some() {
            let digits = number(&mut rest, text)?;
            spec.precision = Some(digits.ok_or_else(|| format!("no precision in {text:?}"))?);
        }
        spec.kind = take(&mut rest, &['s', 'd', 'b', 'o', 'x', 'X', 'f', 'F', '%']);
        match rest {
            "" => Ok(spec),
            _ => Err(format!("format {text:?} is not supported")),
        }
    }

    /// Lays out a value; the error says why that cannot be done.
    pub(crate) fn apply(&self, value: &Value) -> Result<String, String> {
        if *self == Self::default() {
            return Ok(plain(value));
        }
        match (self.kind, value) {
            (None | Some('s'), Value::String(text)) => self.text(text),
            (None | Some('d' | 'b' | 'o' | 'x' | 'X'), Value::Number(number))
                if !number.is_f64() =>
            {
                let value = number.as_i64().map(i128::from);
                self.integer(
                    value
                        .or(number.as_u64().map(i128::from))
                        .unwrap_or_default(),
                )
            }
            (None | Some('d' | 'b' | 'o' | 'x' | 'X'), Value::Bool(yes)) => {
                self.integer(i128::from(*yes))
            }
            (None | Some('f' | 'F' | '%'), Value::Number(number)) => {
                self.float(number.as_f64().unwrap_or_default(), &plain(value))
            }
            (kind, _) => {
                let kind = kind.map_or_else(
                    || "this format".to_owned(),
                    |kind| format!("format {kind:?}"),
                );
                Err(format!("{kind} does not fit {}", short(value)))
            }
        }
    }

    fn text(&self, text: &str) -> Result<String, String> {
        if self.sign.is_some() || self.grouping.is_some() || self.align == Some('=') {
            return Err("this format is for numbers, not for a text".to_owned());
        }
        let kept: String = match self.precision {
            Some(length) => text.chars().take(length).collect(),
            None => text.to_owned(),
        };
        Ok(self.pad("", &kept, '<'))
    }

    fn integer(&self, value: i128) -> Result<String, String> {
        if self.precision.is_some() {
            return Err("a precision does not fit a whole number".to_owned());
        }
        let size = value.unsigned_abs();
        let (prefix, digits) = match self.kind {
            Some('b') => ("0b", format!("{size:b}")),
            Some('o') => ("0o", format!("{size:o}")),
            Some('x') => ("0x", format!("{size:x}")),
            Some('X') => ("0X", format!("{size:X}")),
            _ => ("", size.to_string()),
        };
        let prefix = if self.alternate { prefix } else { "" };
        let sign = format!("{}{prefix}", self.sign(value < 0));
        Ok(self.pad(&sign, &self.group(&digits), '>'))
    }

    fn float(&self, value: f64, plain: &str) -> Result<String, String> {
        let size = value.abs();
        let precision = self.precision.unwrap_or(6);
        let digits = match self.kind {
            Some('%') => format!("{:.precision$}%", size * 100.0),
            Some(_) => format!("{size:.precision$}"),
            None if self.precision.is_none() => plain.trim_start_matches('-').to_owned(),
            None => return Err("a precision needs the type f".to_owned()),
        };
        let (whole, fraction) = digits.split_at(digits.find(['.', '%']).unwrap_or(digits.len()));
        let digits = self.group(whole) + fraction;
        Ok(self.pad(self.sign(value < 0.0), &digits, '>'))
    }

    fn sign(&self, negative: bool) -> &'static str {
        match self.sign {
            _ if negative => "-",
            Some('+') => "+",
            Some(' ') => " ",
            _ => "",
        }
    }

    fn group(&self, digits: &str) -> String {
        let Some(separator) = self.grouping else {
            return digits.to_owned();
        };
        let count = digits.chars().count();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (count - at).is_multiple_of(3) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    fn pad(&self, sign: &str, digits: &str, default: char) -> String {
        let length = sign.chars().count() + digits.chars().count();
        let missing = self.width.saturating_sub(length);
        let fill = |count: usize| self.fill.unwrap_or(' ').to_string().repeat(count);
        match self.align.unwrap_or(default) {
            '<' => format!("{sign}{digits}{}", fill(missing)),
            '^' => {
                let left = missing / 2;
                format!("{}{sign}{digits}{}", fill(left), fill(missing - left))
            }
            '=' => format!("{sign}{}{digits}", fill(missing)),
            _ => format!("{}{sign}{digits}", fill(missing)),
        }
    }
}

fn take(rest: &mut &str, known: &[char]) -> Option<char> {
    let char = rest.chars().next().filter(|char| known.contains(char))?;
    *rest = rest.get(char.len_utf8()..).unwrap_or_default();
    Some(char)
}

fn number(rest: &mut &str, whole: &str) -> Result<Option<usize>, String> {
    let digits = rest.len()
        - rest
            .trim_start_matches(|char: char| char.is_ascii_digit())
            .len();
    let (number, after) = rest.split_at(digits);
    if number.is_empty() {
        return Ok(None);
    }
    *rest = after;
    let number = number.parse().ok().filter(|&number| number <= MAX_WIDTH);
    number
        .map(Some)
        .ok_or_else(|| format!("a number in format {whole:?} is over {MAX_WIDTH}"))
}

fn short(value: &Value) -> String {
    plain(value).chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn format(spec: &str, value: Value) -> Result<String, String> {
        FormatSpec::parse(spec)?.apply(&value)
    }

    #[test]
    fn values_are_laid_out_as_python_does() {
        for (spec, value, expected) in [
            ("", json!(true), "True"),
            (">6", json!("ab"), "    ab"),
            ("*^5", json!("ab"), "*ab**"),
            (".1", json!("ab"), "a"),
            ("04d", json!(-7), "-007"),
            ("5", json!(7), "    7"),
            ("+d", json!(7), "+7"),
            ("#x", json!(255), "0xff"),
            ("04X", json!(255), "00FF"),
            (",", json!(1_234_567), "1,234,567"),
            ("_.1f", json!(-1234.56), "-1_234.6"),
            (".2f", json!(3), "3.00"),
            (".0%", json!(0.5), "50%"),
            ("<6", json!(1.5), "1.5   "),
            ("d", json!(true), "1"),
        ] {
            assert_eq!(format(spec, value).as_deref(), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (spec, value) in [
            ("d", json!("7")),
            ("d", json!(1.5)),
            (">9", json!(null)),
            (">9", json!([])),
            ("+", json!("a")),
            (".2", json!(3)),
            ("s", json!(3)),
            ("y", json!(3)),
            ("5.", json!(3)),
            ("9999999999999999999999", json!(3)),
            ("1001", json!(3)),
        ] {
            assert!(format(spec, value).is_err(), "{spec}");
        }
    }
}
