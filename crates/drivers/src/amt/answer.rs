//! Answers of WS-Management: the element that was asked for, or the fault in its place.

use super::fault::{Fault, ReturnValue, SoapFault};
use super::message::{ADDRESSING, ENUMERATION, SOAP, WSMAN, resource};
use super::xml::Element;

/// What an answer's body holds; `None` when it is empty.
///
/// # Errors
/// The SOAP fault in it, or why it is no answer.
pub(super) fn content(document: &[u8]) -> Result<Option<Element>, Fault> {
    let mut envelope = Element::parse(document)?;
    if !envelope.is(SOAP, "Envelope") {
        return Err(Fault::Answer("its answer is not SOAP 1.2".into()));
    }
    let body = envelope
        .children
        .iter_mut()
        .find(|child| child.is(SOAP, "Body"))
        .ok_or_else(|| Fault::Answer("its answer has no SOAP body".into()))?;
    let content = body.children.drain(..).next();
    match content {
        Some(fault) if fault.is(SOAP, "Fault") => Err(Fault::Soap(fault_of(&fault))),
        content => Ok(content),
    }
}

fn fault_of(fault: &Element) -> SoapFault {
    let value = |code: Option<&Element>| {
        let name = code.and_then(|code| code.property("Value")).unwrap_or("");
        // A qualified name; which prefix stands for which standard does not matter.
        name.rsplit(':').next().unwrap_or(name).to_owned()
    };
    let code = fault.properties("Code").next();
    let reason = fault
        .properties("Reason")
        .next()
        .and_then(|reason| reason.property("Text"));
    let detail = fault.properties("Detail").next().map(all_text);
    let texts: Vec<&str> = reason
        .into_iter()
        .chain(detail.as_deref().filter(|text| !text.is_empty()))
        .collect();
    SoapFault {
        is_ours: value(code) == "Sender",
        subcode: value(code.and_then(|code| code.properties("Subcode").next())),
        text: texts.join(" "),
    }
}

fn all_text(element: &Element) -> String {
    let mut texts = vec![element.text.clone()];
    texts.extend(element.children.iter().map(all_text));
    texts.retain(|text| !text.is_empty());
    texts.join(" ")
}

/// The instance of a class that was asked for.
pub(super) fn instance(content: Option<Element>, class: &str) -> Result<Element, Fault> {
    expect(content, &resource(class), class)
}

/// The context of an enumeration that has begun.
pub(super) fn context(content: Option<Element>) -> Result<String, Fault> {
    let begun = expect(content, ENUMERATION, "EnumerateResponse")?;
    context_of(&begun).ok_or_else(|| Fault::Answer("its enumeration has no context".into()))
}

/// A part of an enumeration: its items, and the context of the rest, if there is one.
pub(super) fn page(content: Option<Element>) -> Result<(Vec<Element>, Option<String>), Fault> {
    let mut page = expect(content, ENUMERATION, "PullResponse")?;
    let is_last = page.properties("EndOfSequence").next().is_some();
    let next = context_of(&page).filter(|_| !is_last);
    let items = page
        .children
        .iter_mut()
        .find(|child| child.is(ENUMERATION, "Items"))
        .map(|items| std::mem::take(&mut items.children));
    Ok((items.unwrap_or_default(), next))
}

fn context_of(response: &Element) -> Option<String> {
    response.property("EnumerationContext").map(str::to_owned)
}

/// What a method gave back, after it has ended with success.
pub(super) fn output(
    content: Option<Element>,
    class: &str,
    method: &'static str,
) -> Result<Element, Fault> {
    let output = expect(content, &resource(class), &format!("{method}_OUTPUT"))?;
    let value = output
        .number("ReturnValue")
        .map(ReturnValue)
        .ok_or_else(|| Fault::Answer(format!("{method} did not say how it ended")))?;
    match value {
        ReturnValue::COMPLETED | ReturnValue::STARTED => Ok(output),
        value => Err(Fault::Method { method, value }),
    }
}

fn expect(content: Option<Element>, namespace: &str, name: &str) -> Result<Element, Fault> {
    match content {
        Some(content) if content.is(namespace, name) => Ok(content),
        Some(other) => Err(Fault::Answer(format!(
            "its answer has {} where {name} was asked for",
            short(&other.name)
        ))),
        None => Err(Fault::Answer(format!("its answer has no {name}"))),
    }
}

fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

/// The value of one key of the instance that a property refers to.
pub(super) fn key<'a>(property: &'a Element, class: &str, key: &str) -> Option<&'a str> {
    let parameters = property.child(ADDRESSING, "ReferenceParameters")?;
    if parameters.child(WSMAN, "ResourceURI")?.text != resource(class) {
        return None;
    }
    let selectors = parameters.child(WSMAN, "SelectorSet")?;
    let selector = selectors
        .children
        .iter()
        .find(|selector| selector.attribute("Name") == Some(key))?;
    Some(&selector.text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(body: &str) -> Vec<u8> {
        format!(r#"<e:Envelope xmlns:e="{SOAP}" xmlns:w="{WSMAN}"><e:Header/><e:Body>{body}</e:Body></e:Envelope>"#).into_bytes()
    }

    #[test]
    fn a_fault_is_read_with_its_words() {
        let body = r#"<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>w:AccessDenied</e:Value></e:Subcode></e:Code>
            <e:Reason><e:Text xml:lang="en">Not for you.</e:Text></e:Reason><e:Detail><w:x>status 16</w:x></e:Detail></e:Fault>"#;
        let Err(Fault::Soap(fault)) = content(&envelope(body)) else {
            panic!("no fault");
        };
        let wanted = SoapFault {
            is_ours: true,
            subcode: "AccessDenied".into(),
            text: "Not for you. status 16".into(),
        };
        assert_eq!(fault, wanted);
    }

    #[test]
    fn only_the_class_that_was_asked_for_is_taken() {
        let mine = resource("CIM_Chassis");
        let right =
            format!(r#"<c:CIM_Chassis xmlns:c="{mine}"><c:Model>M</c:Model></c:CIM_Chassis>"#);
        let read = content(&envelope(&right)).unwrap();
        let chassis = instance(read, "CIM_Chassis").unwrap();
        assert_eq!(chassis.property("Model"), Some("M"));
        let foreign = right.replace(&mine, "urn:foreign");
        let read = content(&envelope(&foreign)).unwrap();
        assert!(matches!(
            instance(read, "CIM_Chassis"),
            Err(Fault::Answer(_))
        ));
        assert!(matches!(
            instance(None, "CIM_Chassis"),
            Err(Fault::Answer(_))
        ));
        assert!(matches!(content(b"<html/>"), Err(Fault::Answer(_))));
    }

    #[test]
    fn an_enumeration_ends_where_it_says() {
        let pull = |rest: &str| {
            let body = format!(
                r#"<n:PullResponse xmlns:n="{ENUMERATION}"><n:Items><x/><y/></n:Items>{rest}</n:PullResponse>"#
            );
            page(content(&envelope(&body)).unwrap()).unwrap()
        };
        let (items, next) = pull("<n:EnumerationContext>7</n:EnumerationContext>");
        assert_eq!((items.len(), next.as_deref()), (2, Some("7")));
        assert_eq!(pull("<n:EndOfSequence/>").1, None);
        assert_eq!(
            pull("<n:EnumerationContext>7</n:EnumerationContext><n:EndOfSequence/>").1,
            None
        );
    }

    #[test]
    fn a_method_says_how_it_ended() {
        let class = resource("CIM_BootService");
        let end = |value: &str| {
            let body = format!(r#"<c:Do_OUTPUT xmlns:c="{class}">{value}</c:Do_OUTPUT>"#);
            output(content(&envelope(&body)).unwrap(), "CIM_BootService", "Do")
        };
        assert!(end("<c:ReturnValue>0</c:ReturnValue>").is_ok());
        assert!(matches!(end(""), Err(Fault::Answer(_))));
        assert!(matches!(
            end("<c:ReturnValue>-1</c:ReturnValue>"),
            Err(Fault::Answer(_))
        ));
        assert!(matches!(
            end("<c:ReturnValue>5</c:ReturnValue>"),
            Err(Fault::Method {
                value: ReturnValue::INVALID_PARAMETER,
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn no_body_makes_reading_panic(body in "(<|>|/|e:|n:|Fault|Code|Value|PullResponse|Items|x| |=|'){0,40}") {
            if let Ok(read) = content(&envelope(&body)) {
                let _ = page(read.clone());
                let _ = context(read.clone());
                let _ = output(read, "CIM_Card", "Do");
            }
        }
    }
}
