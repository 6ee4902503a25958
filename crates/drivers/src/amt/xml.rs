//! XML as a device may send it: a small tree with resolved namespaces, out of a text that is bounded
//! in depth and number, without document types and without entities of its own.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// How deep elements may be nested. AMT's deepest answers have ten levels.
const DEPTH_LIMIT: usize = 32;
/// How many elements a document may have. AMT's longest answer, its whole event log, has 400.
const ELEMENT_LIMIT: usize = 8192;
/// How many attributes an element may have. AMT's have a dozen, all namespaces.
const ATTRIBUTE_LIMIT: usize = 64;
/// The longest namespace in bytes; each element keeps a copy of its own.
const NAMESPACE_LIMIT: usize = 255;

/// Why a text is no document that is read here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    /// The bytes are not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
    /// It is not well-formed.
    #[error("it is not well-formed XML: {0}")]
    Syntax(String),
    /// It ends before its last element does.
    #[error("it ends in its middle")]
    Cut,
    /// It has no element, or further ones after the first.
    #[error("it has not one root element")]
    Root,
    /// A prefix stands for no namespace.
    #[error("a prefix in it has no namespace")]
    Prefix,
    /// It has a document type, which SOAP forbids (SOAP 1.2 part 1, section 5).
    #[error("it has a document type")]
    DocumentType,
    /// It refers to an entity that only a document type could have defined.
    #[error("it refers to an entity that XML does not have")]
    Entity,
    /// It is larger than anything a device has to say.
    #[error("it has too many {0}")]
    TooMuch(&'static str),
}

/// An element and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// The namespace that its name is in; empty without one.
    pub(super) namespace: String,
    /// Its name without a prefix.
    pub(super) name: String,
    /// Its attributes without a prefix, in their order.
    attributes: Vec<(String, String)>,
    /// Its own text, pieces joined, without white space round it.
    pub(super) text: String,
    /// The elements in it, in their order.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    pub(super) fn parse(document: &[u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(document).map_err(|_| XmlError::Encoding)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut builder = Builder::default();
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(syntax)?;
            match event {
                Event::Start(start) => builder.open(&namespace, &start)?,
                Event::End(_) => builder.close()?,
                Event::Text(text) => builder.text(&text.decode().map_err(syntax)?)?,
                Event::CData(text) => builder.text(&text.decode().map_err(syntax)?)?,
                Event::GeneralRef(reference) => builder.reference(&reference)?,
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Eof => return builder.finish(),
                // Empty elements arrive as a start and an end.
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    /// Whether it is the element of this name in this namespace.
    pub(super) fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// The first element of this name and namespace in it.
    pub(super) fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// The elements of this name that are in its own namespace, as a class has its properties
    /// (DSP0227, 7.2).
    pub(super) fn properties(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children
            .iter()
            .filter(move |child| child.is(&self.namespace, name))
    }

    /// The text of the first property of this name; `None` for none and for an empty one.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let text = &self.child(&self.namespace, name)?.text;
        (!text.is_empty()).then_some(text.as_str())
    }

    /// The first property of this name as a number.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.property(name)?.parse().ok()
    }

    /// The first property of this name as a truth value (XML Schema part 2, 3.2.2).
    pub(super) fn truth(&self, name: &str) -> Option<bool> {
        match self.property(name)? {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// An attribute without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A document as far as it was read.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn open(
        &mut self,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(XmlError::Root);
        }
        self.elements += 1;
        if self.elements > ELEMENT_LIMIT {
            return Err(XmlError::TooMuch("elements"));
        }
        if self.open.len() >= DEPTH_LIMIT {
            return Err(XmlError::TooMuch("levels"));
        }
        self.open.push(Element {
            namespace: namespace_of(namespace)?,
            name: utf8(start.local_name().as_ref())?,
            attributes: attributes_of(start)?,
            ..Element::default()
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let mut element = self.open.pop().ok_or(XmlError::Root)?;
        let text = element.text.trim().to_owned();
        element.text = text;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlError::Root),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        if let Some(character) = reference.resolve_char_ref().map_err(syntax)? {
            return self.text(character.encode_utf8(&mut [0; 4]));
        }
        let name = reference.decode().map_err(syntax)?;
        let text = quick_xml::escape::resolve_predefined_entity(&name).ok_or(XmlError::Entity)?;
        self.text(text)
    }

    fn finish(self) -> Result<Element, XmlError> {
        if !self.open.is_empty() {
            return Err(XmlError::Cut);
        }
        self.root.ok_or(XmlError::Root)
    }
}

fn syntax(error: impl std::fmt::Display) -> XmlError {
    XmlError::Syntax(error.to_string())
}

fn utf8(bytes: &[u8]) -> Result<String, XmlError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| XmlError::Encoding)
}

fn namespace_of(resolved: &ResolveResult<'_>) -> Result<String, XmlError> {
    match resolved {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(namespace) if namespace.0.len() > NAMESPACE_LIMIT => {
            Err(XmlError::TooMuch("letters in a namespace"))
        }
        ResolveResult::Bound(namespace) => utf8(namespace.0),
        ResolveResult::Unknown(_) => Err(XmlError::Prefix),
    }
}

/// The attributes without a prefix; the reader has seen to the namespaces.
fn attributes_of(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, XmlError> {
    let mut attributes = Vec::new();
    // Looking for doubles costs the square of their number, and the first one counts anyway.
    for (number, attribute) in start.attributes().with_checks(false).enumerate() {
        if number >= ATTRIBUTE_LIMIT {
            return Err(XmlError::TooMuch("attributes"));
        }
        let attribute = attribute.map_err(syntax)?;
        let (name, prefix) = attribute.key.decompose();
        if prefix.is_some() || attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.unescape_value().map_err(syntax)?;
        attributes.push((utf8(name.as_ref())?, value.into_owned()));
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text.as_bytes())
    }

    #[test]
    fn namespaces_are_told_apart_whatever_their_prefixes() {
        let root = parse(
            r#"<?xml version="1.0"?><a:r xmlns:a="urn:1" xmlns="urn:2">
            <a:p>one</a:p><p>two</p><p xmlns="urn:1">three</p><p xmlns="">four</p></a:r>"#,
        )
        .unwrap();
        assert!(root.is("urn:1", "r"));
        let texts: Vec<&str> = root.properties("p").map(|p| p.text.as_str()).collect();
        assert_eq!(texts, ["one", "three"]);
        assert_eq!(root.child("urn:2", "p").unwrap().text, "two");
        assert_eq!(root.child("", "p").unwrap().text, "four");
    }

    #[test]
    fn texts_attributes_and_characters_are_read() {
        let root = parse(
            "<r xmlns:x='urn:x' Name='a&amp;b' x:Name='other'> 1 &lt; <![CDATA[2 & ]]>&#x33;<!-- no -->\n</r>",
        )
        .unwrap();
        assert_eq!(root.text, "1 < 2 & 3");
        assert_eq!(root.attribute("Name"), Some("a&b"));
        let empty = parse("<r><p/><p>7</p></r>").unwrap();
        assert_eq!((empty.property("p"), empty.number("p")), (None, None));
        assert_eq!(empty.properties("p").count(), 2);
    }

    #[test]
    fn documents_that_blow_up_are_refused() {
        let bomb = r#"<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>"#;
        assert_eq!(parse(bomb), Err(XmlError::DocumentType));
        assert_eq!(parse("<r>&b;</r>"), Err(XmlError::Entity));
        let deep = format!("{}{}", "<r>".repeat(40), "</r>".repeat(40));
        assert_eq!(parse(&deep), Err(XmlError::TooMuch("levels")));
        let wide = format!("<r>{}</r>", "<p/>".repeat(ELEMENT_LIMIT));
        assert_eq!(parse(&wide), Err(XmlError::TooMuch("elements")));
        let named: Vec<String> = (0..100).map(|n| format!(" a{n}=''")).collect();
        assert_eq!(
            parse(&format!("<r{}/>", named.concat())),
            Err(XmlError::TooMuch("attributes"))
        );
        let long = format!("<r xmlns='{}'/>", "n".repeat(300));
        assert_eq!(
            parse(&long),
            Err(XmlError::TooMuch("letters in a namespace"))
        );
    }

    #[test]
    fn what_is_not_one_whole_document_is_refused() {
        assert_eq!(parse("<r><p>"), Err(XmlError::Cut));
        assert_eq!(parse(""), Err(XmlError::Root));
        assert_eq!(parse("<r/><r/>"), Err(XmlError::Root));
        assert_eq!(parse("text"), Err(XmlError::Root));
        assert_eq!(parse("<x:r/>"), Err(XmlError::Prefix));
        assert_eq!(Element::parse(b"<r>\xff</r>"), Err(XmlError::Encoding));
        for broken in [
            "<r></p>",
            "<r",
            "<r>&#xFFFFFFFF;</r>",
            "<r a='&b;'/>",
            "<r a></r>",
        ] {
            assert!(
                matches!(parse(broken), Err(XmlError::Syntax(_))),
                "{broken}"
            );
        }
    }

    fn any_element() -> impl Strategy<Value = String> {
        let leaf = "[a-z ]{0,6}";
        leaf.prop_recursive(6, 40, 5, |inner| {
            ("[a-z]{1,4}", prop::collection::vec(inner, 0..5))
                .prop_map(|(name, parts)| format!("<{name} k='v'>{}</{name}>", parts.concat()))
        })
        .prop_map(|inside| format!("<r xmlns='urn:r'>{inside}</r>"))
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn no_nearly_xml_makes_reading_panic(text in "(<|>|/|&|;|#|x|r|=|'| |!|\\[|\\]|-|\\?|:|xmlns|CDATA|DOCTYPE|1){0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn whole_documents_are_read_and_cut_ones_are_not(text in any_element(), cut in 1usize..40) {
            prop_assert!(parse(&text).is_ok());
            let end = text.len().saturating_sub(cut);
            prop_assert!(parse(&text[..end]).is_err());
        }
    }
}
