//! Keeping evidence of what goes wrong with machines: cheap, off the way of any request.
//!
//! Pieces go through a bounded queue to one writer per process, which stores them in batches. A piece
//! that finds the queue full is dropped and counted: evidence never delays or fails what it is about.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use assay_domain::{About, Cause, DriverError, EvidenceKind, NewEvidence, Phase};
use assay_store::Store;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{App, boot};

/// Pieces that may wait for the writer.
const QUEUE: usize = 4096;
/// Pieces that are stored in one transaction.
const BATCH: usize = 512;
/// How long the writer waits for more pieces after the first one.
const GATHER: Duration = Duration::from_millis(50);
/// Characters of a line of evidence.
const TEXT_LENGTH: usize = 400;

enum Item {
    Piece(Box<NewEvidence>),
    Flush(oneshot::Sender<()>),
}

/// One process's way to the store for evidence.
pub(crate) struct Recorder {
    store: Store,
    sender: OnceLock<mpsc::Sender<Item>>,
}

impl Recorder {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            sender: OnceLock::new(),
        }
    }

    fn sender(&self) -> &mpsc::Sender<Item> {
        self.sender.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            tokio::spawn(write(self.store.clone(), receiver));
            sender
        })
    }

    /// Waits until all that was recorded so far is stored, if anything was.
    pub(crate) async fn flush(&self) {
        let Some(sender) = self.sender.get() else {
            return;
        };
        let (done, stored) = oneshot::channel();
        if sender.send(Item::Flush(done)).await.is_ok() {
            // The writer answers, or has ended with its process.
            let _ = stored.await;
        }
    }
}

/// Stores what comes; ends when nobody can record any more.
async fn write(store: Store, mut receiver: mpsc::Receiver<Item>) {
    let mut items = Vec::with_capacity(BATCH);
    while let Some(first) = receiver.recv().await {
        items.push(first);
        if receiver.len() < BATCH {
            tokio::time::sleep(GATHER).await;
        }
        while items.len() < BATCH {
            match receiver.try_recv() {
                Ok(item) => items.push(item),
                Err(_) => break,
            }
        }
        let (pieces, flushes) = split(items.drain(..));
        let count = pieces.len() as u64;
        if !pieces.is_empty()
            && let Err(error) = store.record_evidence(pieces).await
        {
            metrics::counter!("assay_evidence_lost_total").increment(count);
            tracing::warn!(%error, count, "evidence was not stored");
        }
        for flush in flushes {
            // Whoever waited may have given up.
            let _ = flush.send(());
        }
    }
}

/// Puts repetitions together, in the order in which each was seen first.
fn split(items: impl Iterator<Item = Item>) -> (Vec<NewEvidence>, Vec<oneshot::Sender<()>>) {
    let mut pieces: Vec<NewEvidence> = Vec::new();
    let mut places: HashMap<(About, EvidenceKind, String), usize> = HashMap::new();
    let mut flushes = Vec::new();
    for item in items {
        let piece = match item {
            Item::Piece(piece) => *piece,
            Item::Flush(flush) => {
                flushes.push(flush);
                continue;
            }
        };
        let key = (piece.about.clone(), piece.kind, piece.subject.clone());
        let same = places.get(&key).and_then(|place| pieces.get_mut(*place));
        if let Some(same) = same {
            same.count += piece.count;
            same.at = piece.at;
            same.detail = piece.detail;
        } else {
            places.insert(key, pieces.len());
            pieces.push(piece);
        }
    }
    (pieces, flushes)
}

/// Evidence of what goes wrong.
pub struct EvidenceLog<'a> {
    app: &'a App,
}

impl<'a> EvidenceLog<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Notes that something points at a cause. `subject` tells it from others of its kind, `text` is
    /// the line for an operator, and `facts` are further ones to be matched by; none holds a secret.
    pub(crate) fn points(
        &self,
        about: About,
        cause: Cause,
        subject: &str,
        text: &str,
        facts: Value,
    ) {
        self.note(about, EvidenceKind::Points(cause), subject, text, facts);
    }

    /// Notes evidence of any kind.
    pub(crate) fn note(
        &self,
        about: About,
        kind: EvidenceKind,
        subject: &str,
        text: &str,
        facts: Value,
    ) {
        let mut detail = match facts {
            Value::Object(facts) => facts,
            _ => serde_json::Map::new(),
        };
        let text: String = text.chars().take(TEXT_LENGTH).collect();
        detail.insert("text".to_owned(), json!(text));
        let piece = NewEvidence {
            about,
            kind,
            subject: subject.to_owned(),
            detail: Value::Object(detail),
            at: self.app.clock().now(),
            count: 1,
        };
        let item = Item::Piece(Box::new(piece));
        if self.app.recorder().sender().try_send(item).is_err() {
            metrics::counter!("assay_evidence_lost_total").increment(1);
        }
    }

    /// Notes what a BMC answered while an introspection needed it.
    pub(crate) fn device(&self, introspection_id: i64, error: &DriverError) {
        let cause = Cause::of_device(error);
        let about = About::Introspection(introspection_id);
        self.points(about, cause, "bmc", &error.to_string(), Value::Null);
    }

    /// Notes that what a machine sent was refused before it was looked at: `cause` is one of those of
    /// reports, `source` the address that it came from.
    pub fn refused(&self, nonce: Option<&str>, source: &str, cause: Cause, text: &str) {
        let about = nonce.map_or(About::Stranger, |nonce| About::Nonce(boot::hash(nonce)));
        let text = format!("{source}: {text}");
        self.points(about, cause, source, &text, json!({"source": source}));
    }

    /// Notes that the transfer of a boot file broke off after so many of its bytes.
    pub fn transfer_cut(&self, nonce: &str, file: Phase, sent: u64, size: u64) {
        let cause = match file {
            Phase::Kernel => Cause::KernelCut,
            _ => Cause::InitramfsCut,
        };
        let text = format!("{}: {sent} of {size} bytes were taken", file.as_str());
        let facts = json!({"sent": sent, "size": size});
        let about = About::Nonce(boot::hash(nonce));
        self.points(about, cause, file.as_str(), &text, facts);
    }

    /// Notes that a boot file could not be given to the machine that asked for it.
    pub(crate) fn file_missing(&self, nonce: &str, file: Phase, problem: &str) {
        let cause = match file {
            Phase::Kernel => Cause::KernelNotConfigured,
            _ => Cause::InitramfsNotConfigured,
        };
        let about = About::Nonce(boot::hash(nonce));
        self.points(about, cause, file.as_str(), problem, Value::Null);
    }

    /// Waits until all that this process has recorded so far is stored.
    pub async fn flush(&self) {
        self.app.recorder().flush().await;
    }
}

#[cfg(test)]
mod tests {
    use assay_domain::Timestamp;

    use super::*;

    fn piece(subject: &str, second: i64) -> Item {
        Item::Piece(Box::new(NewEvidence {
            about: About::Stranger,
            kind: EvidenceKind::Points(Cause::UnknownMac),
            subject: subject.to_owned(),
            detail: json!({"text": second}),
            at: Timestamp::from_timestamp(second, 0).unwrap(),
            count: 1,
        }))
    }

    #[test]
    fn repetitions_become_one_piece_with_a_count() {
        let items = [piece("a", 1), piece("b", 2), piece("a", 3)];
        let (pieces, flushes) = split(items.into_iter());
        assert!(flushes.is_empty());
        let counts: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.subject.as_str(), piece.count, piece.at.timestamp()))
            .collect();
        assert_eq!(counts, [("a", 2, 3), ("b", 1, 2)]);
    }
}
