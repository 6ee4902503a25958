//! The commands of CloudManager's document, run by curl as they are written there, and the shapes of
//! its samples. `tests/clients/cloudmanager_document.json` holds both as facts: types, no values.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::client::Client;
use crate::folder;

/// What curl notes of an answer begins a line with this, beside what others complain of.
const MARK: &str = "answer:";

/// The document and a server that its commands reach.
pub struct Document {
    facts: Value,
    home: TempDir,
    token: String,
    ran: RefCell<BTreeSet<String>>,
}

/// What a command gave.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The status code.
    pub status: u16,
    /// The answer's content type, empty without one.
    pub content_type: String,
    /// What was printed.
    pub text: String,
}

impl Ran {
    /// The answer as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Document {
    /// The document; its host name leads to the server of `client`, whose token is `$token`.
    pub fn new(client: &Client) -> Self {
        let file = folder::root().join("tests/clients/cloudmanager_document.json");
        let facts = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        let address = client.base().trim_start_matches("http://");
        let settings = format!(
            "silent\nshow-error\nnoproxy = \"*\"\nconnect-to = \"controller:9362:{address}\"\n\
             write-out = \"%{{stderr}}{MARK} %{{http_code}} %{{content_type}}\\n\"\n"
        );
        fs::write(home.path().join(".curlrc"), settings).unwrap();
        // Debian calls it python3 only.
        symlink("/usr/bin/python3", home.path().join("python")).unwrap();
        Self {
            facts,
            home,
            token: client.token().unwrap_or_default().to_owned(),
            ran: RefCell::default(),
        }
    }

    /// Runs a command of the document in a shell with these variables.
    pub fn run(&self, id: &str, variables: &[(&str, &Value)]) -> Ran {
        let row = self.row(id);
        let mut shell = Command::new("/bin/sh");
        let path = std::env::var("PATH").unwrap_or_default();
        let command = row["command"].as_str().unwrap();
        shell
            .args(["-c", command])
            .env("CURL_HOME", self.home.path())
            .env("PATH", format!("{}:{path}", self.home.path().display()))
            .env("token", &self.token);
        for (name, value) in variables {
            let text = value.as_str().map(str::to_owned);
            let _ = shell.env(name, text.unwrap_or_else(|| value.to_string()));
        }
        let output = shell.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let answer = told.lines().find_map(|line| line.strip_prefix(MARK));
        let answer = answer.unwrap_or_else(|| panic!("{command}: {told}")).trim();
        let (status, content_type) = answer.split_once(' ').unwrap_or((answer, ""));
        self.ran.borrow_mut().insert(id.to_owned());
        Ran {
            status: status.parse().unwrap(),
            content_type: content_type.to_owned(),
            text: String::from_utf8(output.stdout).unwrap(),
        }
    }

    /// As [`Self::run`]; the answer must be as the document's sample, or empty without one.
    #[track_caller]
    pub fn holds(&self, id: &str, variables: &[(&str, &Value)]) -> Value {
        let ran = self.run(id, variables);
        let row = self.row(id);
        if row["answer"].is_null() {
            assert_eq!((ran.status, ran.text.as_str()), (204, ""), "{id}");
            return Value::Null;
        }
        assert_eq!(
            (ran.status, ran.content_type.as_str()),
            (200, "application/json"),
            "{id}: {}",
            ran.text
        );
        let answer = ran.json();
        let problems = self.compare(row, &answer);
        assert!(problems.is_empty(), "{id}: {problems:#?}\n{answer:#}");
        answer
    }

    /// Commands that were not run.
    pub fn left(&self) -> Vec<String> {
        let all = self.rows().map(|row| row["id"].as_str().unwrap());
        let ran = self.ran.borrow();
        all.filter(|id| !ran.contains(*id))
            .map(str::to_owned)
            .collect()
    }

    fn rows(&self) -> impl Iterator<Item = &Value> {
        self.facts["rows"].as_array().unwrap().iter()
    }

    fn row(&self, id: &str) -> &Value {
        let mut rows = self.rows();
        let found = rows.find(|row| row["id"] == id);
        found.unwrap_or_else(|| panic!("the document has no {id}"))
    }

    /// What of an answer is not as the document has it.
    fn compare(&self, row: &Value, answer: &Value) -> Vec<String> {
        let mut comparison = Comparison {
            facts: &self.facts,
            row,
            problems: Vec::new(),
        };
        comparison.value(&row["answer"], answer, "");
        comparison.table(answer);
        comparison.problems
    }
}

struct Comparison<'a> {
    facts: &'a Value,
    row: &'a Value,
    problems: Vec<String>,
}

impl Comparison<'_> {
    fn value(&mut self, shape: &Value, value: &Value, path: &str) {
        match (shape, value) {
            (Value::Object(shape), Value::Object(value)) => self.object(shape, value, path),
            (Value::Array(shape), Value::Array(values)) => {
                if values.is_empty() && !shape.is_empty() {
                    self.problems.push(format!("{path} is empty"));
                }
                for value in shape.first().map_or(&[][..], |_| values) {
                    self.value(&shape[0], value, &format!("{path}[]"));
                }
            }
            (Value::String(types), value) => {
                let excused = value.is_null() && !self.facts["null"][path].is_null();
                if !excused && !types.split('|').any(|name| is_a(name, value)) {
                    self.problems.push(format!("{path} is no {types}: {value}"));
                }
            }
            _ => self.problems.push(format!("{path} is {value}")),
        }
    }

    fn object(&mut self, shape: &Map<String, Value>, value: &Map<String, Value>, path: &str) {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        for (name, shape) in shape {
            match value.get(name) {
                Some(value) => self.value(shape, value, &below(name)),
                None if self.facts["absent"][below(name)].is_null() => {
                    self.problems.push(format!("{} is missing", below(name)));
                }
                None => {}
            }
        }
        for name in value.keys().filter(|name| !shape.contains_key(*name)) {
            if !self.is_allowed(name, path) {
                self.problems.push(format!("{} is too much", below(name)));
            }
        }
    }

    /// Beyond the sample there may be what the table of the same operation has, and additions.
    fn is_allowed(&self, name: &str, path: &str) -> bool {
        if path.contains('.') {
            return false;
        }
        let one = match path.trim_end_matches("[]").trim_end_matches('s') {
            "" => "task",
            one => one,
        };
        let lists = [
            &self.row["fields"],
            &self.row["optional"],
            &self.facts["additions"][one],
        ];
        lists.into_iter().any(|list| has(list, name))
    }

    /// What the table of the operation has as there always is there, sample or not.
    fn table(&mut self, answer: &Value) {
        let id = self.row["id"].as_str().unwrap();
        let slips = &self.facts["slips"][id];
        let nothing = Map::new();
        let whole = answer.as_object().unwrap_or(&nothing);
        let listed = answer.as_array().into_iter().flatten();
        let inner: Vec<&Value> = listed
            .chain(whole.values())
            .flat_map(|value| match value {
                Value::Array(values) => values.iter().collect(),
                value => vec![value],
            })
            .collect();
        for name in self.row["fields"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let there = whole.contains_key(name) || inner.iter().all(|one| one.get(name).is_some());
            if !there && !has(slips, name) {
                self.problems
                    .push(format!("{name} is in the table and missing"));
            }
        }
    }
}

fn has(list: &Value, name: &str) -> bool {
    let list = list.as_array();
    list.is_some_and(|list| list.iter().any(|one| one == name))
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}
