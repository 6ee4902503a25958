//! Requests of WS-Management as an AMT device reads them.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::answer::{ADDRESSING, SOAP, WSMAN};

/// A request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct WsRequest {
    /// What to do.
    pub(super) action: String,
    /// With which class.
    pub(super) resource: String,
    /// The request's own number.
    pub(super) id: String,
    /// Name and namespace of the body's element.
    pub(super) method: Option<(String, String)>,
    /// The texts in the body by the names of their elements.
    values: Vec<(String, String)>,
    /// The keys of the instances that the body refers to.
    keys: Vec<(String, String)>,
}

/// An element that is being read.
struct Open {
    namespace: String,
    name: String,
    key: Option<String>,
    text: String,
}

impl WsRequest {
    /// Reads an envelope; `None` for what is none.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut request = Self::default();
        let mut open: Vec<Open> = Vec::new();
        loop {
            let (namespace, event) = reader.read_resolved_event().ok()?;
            match event {
                Event::Start(start) => {
                    let element = Open::of(&namespace, &start)?;
                    if open.len() == 2 && open.last().is_some_and(|parent| parent.name == "Body") {
                        request.method = Some((element.name.clone(), element.namespace.clone()));
                    }
                    open.push(element);
                }
                Event::End(_) => {
                    let element = open.pop()?;
                    request.take(&open, element)?;
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text.decode().ok()?);
                    }
                }
                Event::GeneralRef(reference) => {
                    let name = reference.decode().ok()?;
                    let text = quick_xml::escape::resolve_predefined_entity(&name)?;
                    open.last_mut()?.text.push_str(text);
                }
                Event::Eof => break,
                Event::DocType(_) => return None,
                _ => {}
            }
        }
        let whole = open.is_empty() && !request.action.is_empty() && !request.resource.is_empty();
        whole.then_some(request)
    }

    /// Takes what an element says, at the place where it stands.
    fn take(&mut self, outside: &[Open], element: Open) -> Option<()> {
        let expected: &[&str] = match outside {
            [] => &["Envelope"],
            [_] => &["Header", "Body"],
            _ => &[],
        };
        if outside.len() < 2 {
            let right = element.namespace == SOAP && expected.contains(&element.name.as_str());
            return right.then_some(());
        }
        let text = element.text.trim().to_owned();
        if outside[1].name == "Header" {
            match (element.namespace.as_str(), element.name.as_str()) {
                (ADDRESSING, "Action") => self.action = text,
                (ADDRESSING, "MessageID") => self.id = text,
                (WSMAN, "ResourceURI") => self.resource = text,
                _ => {}
            }
            return Some(());
        }
        match element.key {
            Some(key) if element.namespace == WSMAN => self.keys.push((key, text)),
            _ => self.values.push((element.name, text)),
        }
        Some(())
    }

    /// The text of the body's first element of this name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        find(&self.values, name)
    }

    /// The first key of this name among those that the body refers to.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        find(&self.keys, name)
    }

    /// All texts of the body with their elements' names, but for the outermost element.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let inner = self.values.len().saturating_sub(1);
        self.values
            .iter()
            .take(inner)
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl Open {
    fn of(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Option<Self> {
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => String::from_utf8(namespace.0.to_vec()).ok()?,
            _ => return None,
        };
        // Clients write the attribute with the prefix of WS-Management as well, and devices take it.
        let key = start
            .attributes()
            .filter_map(Result::ok)
            .find(|attribute| attribute.key.local_name().as_ref() == b"Name");
        Some(Self {
            namespace,
            name: String::from_utf8(start.local_name().as_ref().to_vec()).ok()?,
            key: match key {
                Some(key) => Some(key.unescape_value().ok()?.into_owned()),
                None => None,
            },
            text: String::new(),
        })
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, text) = pairs.iter().find(|(key, _)| key == name)?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(body: &str) -> String {
        format!(
            r#"<Envelope xmlns="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}"><Header><a:Action>do</a:Action><w:ResourceURI>urn:c</w:ResourceURI><a:MessageID>7</a:MessageID></Header><Body>{body}</Body></Envelope>"#
        )
    }

    #[test]
    fn a_request_is_read() {
        let body = r#"<r:Do_INPUT xmlns:r="urn:c"><r:Role>1 &amp; 2</r:Role><r:Of><w:SelectorSet><w:Selector Name="K">V</w:Selector></w:SelectorSet></r:Of></r:Do_INPUT>"#;
        let request = WsRequest::parse(envelope(body).as_bytes()).unwrap();
        assert_eq!(
            (request.action.as_str(), request.resource.as_str()),
            ("do", "urn:c")
        );
        assert_eq!(request.method, Some(("Do_INPUT".into(), "urn:c".into())));
        assert_eq!(request.value("Role"), Some("1 & 2"));
        assert_eq!(request.key("K"), Some("V"));
        assert_eq!(
            WsRequest::parse(envelope("").as_bytes()).unwrap().method,
            None
        );
    }

    #[test]
    fn what_is_no_envelope_is_none() {
        let whole = envelope("");
        assert_eq!(
            WsRequest::parse(whole.replace(SOAP, "urn:other").as_bytes()),
            None
        );
        assert_eq!(WsRequest::parse(&whole.as_bytes()[..whole.len() / 2]), None);
        assert_eq!(WsRequest::parse(b""), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(body in "(<|>|/|a:|w:|Selector| Name='x'|Header|Body|&|;|x| ){0,50}") {
            let _ = WsRequest::parse(envelope(&body).as_bytes());
            let _ = WsRequest::parse(body.as_bytes());
        }
    }
}
