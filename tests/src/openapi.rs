//! The checked-in OpenAPI documents, read as tests need them.

use std::fs;

use reqwest::Method;
use serde_json::Value;

use crate::folder;

/// Names and contents of all documents.
pub fn documents() -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = fs::read_dir(folder::root().join("openapi"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect();
    assert!(!found.is_empty(), "there are no OpenAPI documents");
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Every operation: document, path, method, description. An operation without a `security` of its
/// own has its document's.
pub fn operations() -> Vec<(String, String, Method, Value)> {
    let mut all = Vec::new();
    for (name, document) in documents() {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let Ok(method) = method.to_uppercase().parse::<Method>() else {
                    continue;
                };
                if !["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str()) {
                    continue;
                }
                let mut operation = operation.clone();
                if operation.get("security").is_none() {
                    operation["security"] = document["security"].clone();
                }
                all.push((name.clone(), path.clone(), method, operation));
            }
        }
    }
    all
}

/// The path with every parameter filled by a number, which is a valid key and name everywhere.
pub fn example(path: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '{' => {
                inside = true;
                text.push('1');
            }
            '}' => inside = false,
            other if !inside => text.push(other),
            _ => {}
        }
    }
    text
}
