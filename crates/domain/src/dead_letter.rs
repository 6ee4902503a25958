//! A dead letter: what nobody could do, kept until somebody decides what becomes of it.

use crate::Timestamp;

/// What is put among the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// The class of work that it was announced in; free text when the message was not ours.
    pub class: String,
    /// What the message said.
    pub body: String,
    /// Why it is dead.
    pub reason: String,
}

/// A dead letter: a task that was given up, or a message that no worker understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Key in the store.
    pub id: i64,
    /// The task's key, while the task is kept.
    pub task_id: Option<i64>,
    /// The task's public id (UUID); none for a message that named no task.
    pub task: Option<String>,
    /// The task's kind, in the words of [`crate::TaskKind::as_str`].
    pub kind: Option<String>,
    /// The class of work.
    pub class: String,
    /// The payload of the task, or what the message said.
    pub body: String,
    /// Why it is dead.
    pub reason: String,
    /// When it died.
    pub died_at: Timestamp,
    /// When its task was given to the workers again.
    pub redelivered_at: Option<Timestamp>,
}
