//! Lists that come in pages.

use std::collections::BTreeMap;

use assay_domain::cloud::{CloudError, CloudResult};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::call::Call;
use crate::transport::Transport;

/// How many are asked for at a time; Nova and Cinder give at most 1,000 unless configured otherwise.
const PAGE: usize = 1000;
/// The most pages of one list, so that a service which never ends a list is not read for ever.
const MOST_PAGES: usize = 500;

/// How a list says that there is more.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Paging {
    /// By a link to the next page, which begins after the last one's `marker`. The link itself is
    /// not followed: behind a proxy its host is often one that only the cloud knows.
    Links,
    /// Not at all: it is over with an empty page.
    Offset,
}

/// An item of a list.
pub(crate) trait Listed: DeserializeOwned {
    /// The list's name in its JSON.
    const NAME: &'static str;
    /// How it says that there is more.
    const PAGING: Paging;

    /// What the next page begins after.
    fn marker(&self) -> &str;
}

#[derive(Deserialize)]
struct Link {
    rel: String,
}

/// All items of a list.
pub(crate) async fn all<'a, T: Listed>(
    transport: &Transport,
    build: impl Fn() -> Call<'a>,
) -> CloudResult<Vec<T>> {
    let name = T::NAME;
    let mut items: Vec<T> = Vec::new();
    for _ in 0..MOST_PAGES {
        let mut call = build().with("limit", PAGE.to_string());
        match (T::PAGING, items.last()) {
            (Paging::Links, Some(last)) => call = call.with("marker", last.marker()),
            (Paging::Offset, Some(_)) => call = call.with("offset", items.len().to_string()),
            (_, None) => {}
        }
        let page: BTreeMap<String, Box<RawValue>> = transport.ask(&call).await?;
        let malformed = |reason: String| CloudError::Malformed {
            service: call.api.name(),
            reason,
        };
        let listed = page
            .get(name)
            .ok_or_else(|| malformed(format!("there is no '{name}'")))?;
        let more: Vec<T> = serde_json::from_str(listed.get())
            .map_err(|error| malformed(format!("{name}: {error}")))?;
        let is_last = more.is_empty()
            || match T::PAGING {
                Paging::Links => !has_next(page.get(&format!("{name}_links")).map(|raw| &**raw)),
                Paging::Offset => false,
            };
        if let (Some(last), Some(next)) = (items.last(), more.last())
            && last.marker() == next.marker()
        {
            return Err(malformed(format!("{name}: the same page comes again")));
        }
        items.extend(more);
        if is_last {
            return Ok(items);
        }
    }
    Err(CloudError::Malformed {
        service: build().api.name(),
        reason: format!("{name}: there are more than {MOST_PAGES} pages"),
    })
}

fn has_next(links: Option<&RawValue>) -> bool {
    links
        .and_then(|links| serde_json::from_str::<Vec<Link>>(links.get()).ok())
        .is_some_and(|links| links.iter().any(|link| link.rel == "next"))
}
