//! A place in a document, as a JSON Pointer (RFC 6901).

/// A place: the last step to it, and the place before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
    /// Behind the last entry of a list (RFC 6901, section 4: `-`).
    End,
}

impl<'a> Place<'a> {
    pub(super) fn root() -> Self {
        Self {
            parent: None,
            step: Step::Root,
        }
    }

    pub(super) fn key<'b>(&'b self, key: &'b str) -> Place<'b> {
        self.with(Step::Key(key))
    }

    pub(super) fn index(&self, index: usize) -> Place<'_> {
        self.with(Step::Index(index))
    }

    pub(super) fn end(&self) -> Place<'_> {
        self.with(Step::End)
    }

    fn with<'b>(&'b self, step: Step<'b>) -> Place<'b> {
        Place {
            parent: Some(self),
            step,
        }
    }

    /// The last name on the way, which for an entry of a list is the list's; empty at the root.
    pub(super) fn name(&self) -> &'a str {
        self.names().next().unwrap_or_default()
    }

    /// The names on the way, the last one first.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.steps().filter_map(|step| match step {
            Step::Key(key) => Some(key),
            Step::Root | Step::Index(_) | Step::End => None,
        })
    }

    /// Whether the place is a field of an object.
    pub(super) fn is_field(&self) -> bool {
        matches!(self.step, Step::Key(_))
    }

    pub(super) fn pointer(&self) -> String {
        let mut steps: Vec<Step<'_>> = self.steps().collect();
        steps.reverse();
        let mut pointer = String::new();
        for step in steps {
            match step {
                Step::Root => {}
                Step::Key(key) => pointer.extend(["/", &escaped(key)]),
                Step::Index(index) => pointer.extend(["/", &index.to_string()]),
                Step::End => pointer.push_str("/-"),
            }
        }
        pointer
    }

    fn steps(&self) -> impl Iterator<Item = Step<'a>> {
        std::iter::successors(Some(*self), |place| place.parent.copied()).map(|place| place.step)
    }
}

/// A name as a part of a pointer (RFC 6901, section 3).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
