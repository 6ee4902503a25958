//! Waiting for something to become true, with an end.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Asks `probe` every 50 ms until it gives a value; panics with `what` after `limit`.
pub async fn until<T, F>(what: &str, limit: Duration, mut probe: F) -> T
where
    F: AsyncFnMut() -> Option<T>,
{
    let began = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// As [`until`], and says the last value that was not the wanted one.
pub async fn until_is<T, F, W>(what: &str, limit: Duration, mut probe: F, wanted: W) -> T
where
    T: Debug,
    F: AsyncFnMut() -> T,
    W: Fn(&T) -> bool,
{
    let began = Instant::now();
    loop {
        let value = probe().await;
        if wanted(&value) {
            return value;
        }
        assert!(
            began.elapsed() < limit,
            "not within {limit:?}: {what}; it is {value:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
