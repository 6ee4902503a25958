//! Puts differences into a document, which makes it the other one.

use serde_json::Value;

use super::{Difference, DifferenceKind};

/// Why a difference cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: the document has no such place, or another value there")]
pub(super) struct ApplyError {
    /// The place.
    path: String,
}

/// The document after the differences, which must be of this document to another one, all of them.
/// It equals the other one but for the order of lists. Removed entries of lists go last, from the
/// end, so that the indices of the others stay true.
pub(super) fn apply(before: &Value, differences: &[Difference]) -> Result<Value, ApplyError> {
    let mut document = before.clone();
    let kind = |wanted| differences.iter().filter(move |one| one.kind == wanted);
    for one in kind(DifferenceKind::Changed) {
        let place = document.pointer_mut(&one.path);
        let place = place.filter(|value| Some(&**value) == one.before.as_ref());
        match (place, &one.after) {
            (Some(place), Some(after)) => *place = after.clone(),
            _ => return Err(refused(one)),
        }
    }
    for one in kind(DifferenceKind::Added) {
        add(&mut document, one)?;
    }
    for one in kind(DifferenceKind::Removed).rev() {
        remove(&mut document, one)?;
    }
    Ok(document)
}

fn refused(difference: &Difference) -> ApplyError {
    ApplyError {
        path: difference.path.clone(),
    }
}

fn parent<'a>(
    document: &'a mut Value,
    difference: &Difference,
) -> Result<(&'a mut Value, String), ApplyError> {
    let refused = || refused(difference);
    let (parent, last) = difference.path.rsplit_once('/').ok_or_else(refused)?;
    let parent = document.pointer_mut(parent).ok_or_else(refused)?;
    Ok((parent, unescaped(last)))
}

fn remove(document: &mut Value, difference: &Difference) -> Result<(), ApplyError> {
    let (parent, last) = parent(document, difference)?;
    let removed = match parent {
        Value::Object(map) => map.shift_remove(&last),
        Value::Array(list) => last
            .parse::<usize>()
            .ok()
            .filter(|at| *at < list.len())
            .map(|at| list.remove(at)),
        _ => None,
    };
    match removed {
        Some(value) if Some(&value) == difference.before.as_ref() => Ok(()),
        _ => Err(refused(difference)),
    }
}

fn add(document: &mut Value, difference: &Difference) -> Result<(), ApplyError> {
    let value = difference
        .after
        .clone()
        .ok_or_else(|| refused(difference))?;
    let (parent, last) = parent(document, difference)?;
    match parent {
        Value::Object(map) if !map.contains_key(&last) => {
            map.insert(last, value);
            Ok(())
        }
        Value::Array(list) if last == "-" => {
            list.push(value);
            Ok(())
        }
        _ => Err(refused(difference)),
    }
}

/// The name that a part of a pointer stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
