//! The documents: checked in, complete, and the same as the router's table.

use std::collections::BTreeSet;
use std::path::Path;

use assay_api::openapi_documents;
use serde_json::Value;

use crate::support::server;

/// One operation: document, method, path, whether it needs a token.
pub(crate) struct Operation {
    pub(crate) document: &'static str,
    pub(crate) method: rocket::http::Method,
    pub(crate) path: String,
    pub(crate) needs_token: bool,
    pub(crate) id: String,
}

/// All operations of all documents.
pub(crate) fn operations() -> Vec<Operation> {
    let mut found = Vec::new();
    for (document, text) in openapi_documents() {
        let parsed: Value = serde_json::from_str(&text).unwrap();
        for (path, item) in parsed["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                found.push(Operation {
                    document,
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    needs_token: operation.get("security").is_none(),
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    found
}

#[test]
fn the_checked_in_documents_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi");
    let update = std::env::var_os("ASSAY_UPDATE").is_some_and(|value| value == "1");
    for (name, text) in openapi_documents() {
        let file = folder.join(format!("{name}.json"));
        if update {
            std::fs::write(&file, &text).unwrap();
        }
        let known = std::fs::read_to_string(&file).unwrap();
        assert!(
            known == text,
            "openapi/{name}.json is not current: run `assay openapi --output openapi`, or this test with ASSAY_UPDATE=1"
        );
    }
}

#[test]
fn operation_ids_are_unique_within_a_document() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        let key = (operation.document, operation.id);
        assert!(seen.insert(key.clone()), "{key:?} is there twice");
    }
}

#[rocket::async_test]
async fn router_and_documents_know_the_same_operations() {
    let server = server().await;
    let undocumented = ["/assay/docs/<_..>", "/assay/openapi/<file>", "/assay"];
    let routed: BTreeSet<String> = server
        .client()
        .rocket()
        .routes()
        .filter(|route| !undocumented.contains(&route.uri.path()))
        .map(|route| {
            let path = route.uri.path().replace('<', "{").replace('>', "}");
            format!("{} {path}", route.method)
        })
        .collect();
    let documented: BTreeSet<String> = operations()
        .into_iter()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert_eq!(routed, documented);
}

#[rocket::async_test]
async fn the_page_and_the_documents_are_served_without_a_token() {
    let server = server().await.anonymous();
    let page = server.get("/assay/docs/").await.expect(200);
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    for (name, text) in openapi_documents() {
        let served = server.get(&format!("/assay/openapi/{name}.json")).await;
        assert_eq!(served.expect(200).text, text);
    }
    server.get("/assay/openapi/nothing.json").await.expect(404);
}
