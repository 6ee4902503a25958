//! Starts processes again that end by themselves, as an init system does, and notes that they did.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::faults::{self, News, lock};
use super::stage::Stage;
use crate::program::Program;

const LOOK: Duration = Duration::from_millis(500);

/// Looks after all processes until it is aborted.
pub(super) fn start(stage: &Arc<Stage>, news: mpsc::UnboundedSender<News>) -> JoinHandle<()> {
    let stage = Arc::clone(stage);
    tokio::spawn(async move {
        loop {
            let (stage, news) = (Arc::clone(&stage), news.clone());
            let look = move || {
                for program in stage.apis.iter().chain(&stage.workers) {
                    look_after(&stage, program, &news);
                }
            };
            if tokio::task::spawn_blocking(look).await.is_err() {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

fn look_after(stage: &Stage, program: &Mutex<Program>, news: &mpsc::UnboundedSender<News>) {
    // One that is locked is down on purpose.
    let Ok(mut program) = program.try_lock() else {
        return;
    };
    let (Some(status), Some(pid)) = (program.ended(), program.pid()) else {
        return;
    };
    let at = Instant::now();
    let _ = news.send(News::Lost { pid, at });
    let name = program.log().file_stem().unwrap_or_default();
    let text = format!(
        "{} ended by itself with {status}: {}",
        name.to_string_lossy(),
        program.log_tail(2)
    );
    lock(&stage.ended_alone).push(text);
    program.kill();
    faults::restart(&mut program);
}
