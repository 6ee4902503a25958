//! Requests of WS-Management (DMTF DSP0226) for CIM classes (DSP0227), as XML.

use quick_xml::escape::escape;
use uuid::Uuid;

/// SOAP 1.2.
pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing, August 2004, as DSP0226 wants it.
pub(super) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Management.
pub(super) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// WS-Enumeration.
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WS-Transfer.
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
/// Who is asked when nobody is named.
const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// How many items of an enumeration are asked for at once.
const ITEMS_AT_ONCE: u32 = 100;
/// How long the device may take for one answer (XML Schema's duration); AMT takes no less.
const OPERATION_TIMEOUT: &str = "PT60S";

/// The resource URI of a class, which is also its namespace (DSP0227, 6.2): the schema of DMTF or
/// the ones of Intel, by the beginning of its name.
pub(super) fn resource(class: &str) -> String {
    let schema = match class.split_once('_') {
        Some(("AMT", _)) => "http://intel.com/wbem/wscim/1/amt-schema/1",
        Some(("IPS", _)) => "http://intel.com/wbem/wscim/1/ips-schema/1",
        _ => "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2",
    };
    format!("{schema}/{class}")
}

/// One request.
pub(super) struct Message {
    action: String,
    resource: String,
    body: String,
}

impl Message {
    /// Reads the only instance of a class (WS-Transfer).
    pub(super) fn get(class: &str) -> Self {
        Self {
            action: format!("{TRANSFER}/Get"),
            resource: resource(class),
            body: String::new(),
        }
    }

    /// Replaces the properties of the only instance of a class (WS-Transfer).
    pub(super) fn put(class: &str, properties: &[(String, String)]) -> Self {
        let resource = resource(class);
        let properties: String = properties
            .iter()
            .map(|(name, value)| parameter(name, value))
            .collect();
        Self {
            action: format!("{TRANSFER}/Put"),
            body: format!(r#"<r:{class} xmlns:r="{resource}">{properties}</r:{class}>"#),
            resource,
        }
    }

    /// Begins to list the instances of a class (WS-Enumeration).
    pub(super) fn enumerate(class: &str) -> Self {
        Self {
            action: format!("{ENUMERATION}/Enumerate"),
            resource: resource(class),
            body: format!(r#"<n:Enumerate xmlns:n="{ENUMERATION}"/>"#),
        }
    }

    /// Lists further instances of a class (WS-Enumeration).
    pub(super) fn pull(class: &str, context: &str) -> Self {
        Self {
            action: format!("{ENUMERATION}/Pull"),
            resource: resource(class),
            body: format!(
                r#"<n:Pull xmlns:n="{ENUMERATION}"><n:EnumerationContext>{}</n:EnumerationContext><n:MaxElements>{ITEMS_AT_ONCE}</n:MaxElements></n:Pull>"#,
                escape(context)
            ),
        }
    }

    /// Calls a method of a class (DSP0227, 9). `parameters` are XML, as [`parameter`] and
    /// [`reference()`] make it.
    pub(super) fn invoke(class: &str, method: &str, parameters: &str) -> Self {
        let resource = resource(class);
        Self {
            action: format!("{resource}/{method}"),
            body: format!(
                r#"<r:{method}_INPUT xmlns:r="{resource}">{parameters}</r:{method}_INPUT>"#
            ),
            resource,
        }
    }

    /// The whole request, with a number of its own.
    pub(super) fn envelope(&self) -> String {
        let (action, resource, body) = (&self.action, &self.resource, &self.body);
        let id = Uuid::new_v4();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}"><s:Header><a:Action s:mustUnderstand="true">{action}</a:Action><a:To s:mustUnderstand="true">{path}</a:To><w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI><a:MessageID s:mustUnderstand="true">uuid:{id}</a:MessageID><a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo><w:OperationTimeout>{OPERATION_TIMEOUT}</w:OperationTimeout></s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
            path = super::http::PATH,
        )
    }
}

/// A parameter or property with a plain value.
pub(super) fn parameter(name: &str, value: &str) -> String {
    format!("<r:{name}>{}</r:{name}>", escape(value))
}

/// A parameter that refers to an instance of a class by its keys.
pub(super) fn reference(name: &str, class: &str, keys: &[(&str, &str)]) -> String {
    let keys = keys
        .iter()
        .map(|(key, value)| {
            format!(
                r#"<w:Selector Name="{key}">{}</w:Selector>"#,
                escape(*value)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<r:{name}><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>{keys}</w:SelectorSet></a:ReferenceParameters></r:{name}>",
        resource(class)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::xml::Element;
    use super::*;

    #[test]
    fn classes_are_in_the_schema_of_their_owner() {
        assert!(resource("CIM_Chassis").ends_with("/cim-schema/2/CIM_Chassis"));
        assert!(resource("AMT_MessageLog").contains("intel.com/wbem/wscim/1/amt-schema/1/"));
        assert!(resource("IPS_OptInService").contains("/ips-schema/1/"));
    }

    #[test]
    fn a_call_is_a_soap_envelope_with_its_headers() {
        let keys = [("InstanceID", "Intel(r) AMT: Force PXE Boot")];
        let source = reference("Source", "CIM_BootSourceSetting", &keys);
        let message = Message::invoke("CIM_BootConfigSetting", "ChangeBootOrder", &source);
        let envelope = Element::parse(message.envelope().as_bytes()).unwrap();
        assert!(envelope.is(SOAP, "Envelope"));
        let header = envelope.child(SOAP, "Header").unwrap();
        let class = resource("CIM_BootConfigSetting");
        let action = header.child(ADDRESSING, "Action").unwrap();
        assert_eq!(action.text, format!("{class}/ChangeBootOrder"));
        assert_eq!(header.child(WSMAN, "ResourceURI").unwrap().text, class);
        let body = envelope.child(SOAP, "Body").unwrap();
        let source = body
            .child(&class, "ChangeBootOrder_INPUT")
            .and_then(|input| input.child(&class, "Source"))
            .and_then(|source| source.child(ADDRESSING, "ReferenceParameters"))
            .unwrap();
        let selectors = source.child(WSMAN, "SelectorSet").unwrap();
        assert_eq!(selectors.children[0].attribute("Name"), Some("InstanceID"));
        assert_eq!(selectors.children[0].text, "Intel(r) AMT: Force PXE Boot");
    }

    proptest! {
        #[test]
        fn values_of_a_device_stay_values(value in "[ -~é]{0,40}") {
            let envelope = Message::pull("CIM_Card", &value).envelope();
            let envelope = Element::parse(envelope.as_bytes()).unwrap();
            let pull = envelope.child(SOAP, "Body").unwrap().child(ENUMERATION, "Pull").unwrap();
            prop_assert_eq!(pull.property("EnumerationContext").unwrap_or(""), value.trim());
        }
    }
}
