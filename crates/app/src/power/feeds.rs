//! The ways to a machine's power: one, or several feeds that are switched and judged together.

use std::time::Duration;

use assay_domain::driver::NOT_IN_STATE;
use assay_domain::{DriverError, PowerCommand, PowerState};
use assay_drivers::ResetOutcome;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::App;
use crate::target::{Feed, NodeTarget};

/// The pause before feeds that nobody could be asked about are tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// How a command to a machine ended that was not done.
pub(super) enum BadEnd {
    /// It did not happen. The state is what was seen last, if anything was.
    Failed(DriverError, Option<PowerState>),
    /// It may have happened, and must not be repeated.
    Unknown(String),
}

impl From<DriverError> for BadEnd {
    fn from(error: DriverError) -> Self {
        Self::Failed(error, None)
    }
}

/// The power of a machine as its device says now; of several feeds, on when one of them is and off
/// when all of them are.
///
/// # Errors
/// What a driver says; of several feeds, when none is on and one cannot be read.
pub(super) async fn read(app: &App, node: &NodeTarget) -> Result<PowerState, DriverError> {
    judge(read_all(app, &node.feeds).await)
}

async fn read_all(app: &App, feeds: &[Feed]) -> Vec<Result<PowerState, DriverError>> {
    join_all(feeds.iter().map(|feed| state_of(app, feed))).await
}

async fn state_of(app: &App, feed: &Feed) -> Result<PowerState, DriverError> {
    app.gate().power_state(&feed.target, &feed.protocol).await
}

fn judge(states: Vec<Result<PowerState, DriverError>>) -> Result<PowerState, DriverError> {
    if states.contains(&Ok(PowerState::On)) {
        return Ok(PowerState::On);
    }
    states
        .into_iter()
        .find(Result::is_err)
        .unwrap_or(Ok(PowerState::Off))
}

/// Gives a machine a command, through its device or all of its feeds.
pub(super) async fn send(
    app: &App,
    node: &NodeTarget,
    command: PowerCommand,
) -> Result<(), BadEnd> {
    match node.feeds.as_slice() {
        [feed] => send_to_one(app, feed, command).await,
        feeds => match command {
            PowerCommand::On => switch(app, feeds, PowerState::On).await,
            PowerCommand::Off => switch(app, feeds, PowerState::Off).await,
            PowerCommand::Shutdown => Err(BadEnd::from(DriverError::Unsupported {
                endpoint: names(feeds),
                cause: "what feeds a machine cannot ask its operating system to shut down"
                    .to_owned(),
            })),
            PowerCommand::Reset => reset(app, feeds).await,
        },
    }
}

/// Gives one device or output a command.
pub(super) async fn send_to_one(
    app: &App,
    feed: &Feed,
    command: PowerCommand,
) -> Result<(), BadEnd> {
    let (gate, limit) = (app.gate(), app.settings().power_state_limit);
    let (target, protocol) = (&feed.target, feed.protocol.as_str());
    let done = match command {
        PowerCommand::On => {
            gate.ensure_power(target, protocol, PowerState::On, limit)
                .await
        }
        PowerCommand::Off => {
            gate.ensure_power(target, protocol, PowerState::Off, limit)
                .await
        }
        PowerCommand::Shutdown => gate.shut_down_machine(target, protocol, limit).await,
        PowerCommand::Reset => match gate.reset_once(target, protocol).await {
            ResetOutcome::Done => Ok(()),
            ResetOutcome::NotSent(error) => Err(error),
            ResetOutcome::Unknown(error) => {
                return Err(BadEnd::Unknown(format!("outcome unknown: {error}")));
            }
        },
    };
    done.map_err(BadEnd::from)
}

/// What the feeds of a machine are now, for people; and the machine's state, if that tells.
pub(super) async fn told_now(app: &App, node: &NodeTarget) -> (String, Option<PowerState>) {
    let states = read_all(app, &node.feeds).await;
    let told = node.feeds.iter().zip(&states).map(|(feed, state)| {
        let state = match state {
            Ok(state) => state.as_str().to_owned(),
            Err(error) => format!("not known ({error})"),
        };
        format!("{} is {state}", feed.label)
    });
    let told = told.collect::<Vec<_>>().join("; ");
    (told, judge(states).ok())
}

/// What became of one feed.
struct FeedEnd {
    done: Result<(), DriverError>,
    /// What was seen of it last.
    state: Option<PowerState>,
}

/// Brings all feeds into a state; done when all are.
async fn switch(app: &App, feeds: &[Feed], wanted: PowerState) -> Result<(), BadEnd> {
    let done = ensure(app, feeds, wanted).await;
    if let Some(error) = nobody_asked(&done, false) {
        return Err(error.into());
    }
    if done.iter().all(Result::is_ok) {
        return Ok(());
    }
    let ends = look(app, feeds, done, wanted).await;
    let error = failed(feeds, told(feeds, &ends, wanted));
    Err(BadEnd::Failed(error, known_state(&ends)))
}

/// All feeds off, a pause, all on. Whoever calls this has written down that it may happen.
async fn reset(app: &App, feeds: &[Feed]) -> Result<(), BadEnd> {
    let done = ensure(app, feeds, PowerState::Off).await;
    if let Some(error) = nobody_asked(&done, true) {
        return Err(error.into());
    }
    let cut = done.iter().all(Result::is_ok);
    let off = look(app, feeds, done, PowerState::Off).await;
    if cut {
        sleep(app.settings().power_feed_pause).await;
    }
    // Also when the machine was not cut off: no feed that was on may stay off because of this.
    let done = give_back(app, feeds).await;
    let returned = done.iter().all(Result::is_ok);
    if cut && returned {
        return Ok(());
    }
    let on = look(app, feeds, done, PowerState::On).await;
    let mut text = told(feeds, &off, PowerState::Off);
    if cut {
        "all feeds were off".clone_into(&mut text);
    }
    if returned {
        text.push_str("; all feeds are on again");
    } else {
        text = format!("{text}; then {}", told(feeds, &on, PowerState::On));
    }
    let kept_running = off.iter().any(|end| end.state == Some(PowerState::On));
    if cut || kept_running {
        Err(BadEnd::Failed(failed(feeds, text), known_state(&on)))
    } else {
        Err(BadEnd::Unknown(format!("outcome unknown: {text}")))
    }
}

async fn ensure(app: &App, feeds: &[Feed], wanted: PowerState) -> Vec<Result<(), DriverError>> {
    let limit = app.settings().power_state_limit;
    let all = feeds.iter().map(|feed| {
        app.gate()
            .ensure_power(&feed.target, &feed.protocol, wanted, limit)
    });
    join_all(all).await
}

/// Switches all feeds on, again and again while nobody can be asked: a machine must not stay off
/// because the database is away for a moment.
async fn give_back(app: &App, feeds: &[Feed]) -> Vec<Result<(), DriverError>> {
    let give_up = Instant::now() + app.settings().lease;
    loop {
        let done = ensure(app, feeds, PowerState::On).await;
        let again = done.iter().any(was_not_asked);
        if !again || Instant::now() >= give_up {
            return done;
        }
        sleep(PAUSE).await;
    }
}

/// The error of feeds of which none has failed and one was not asked: it can be tried again. With
/// `untouched`, only when no feed was asked at all.
fn nobody_asked(done: &[Result<(), DriverError>], untouched: bool) -> Option<DriverError> {
    let passing = |end: &Result<(), DriverError>| was_not_asked(end) || (!untouched && end.is_ok());
    if !done.iter().all(passing) {
        return None;
    }
    done.iter().find_map(|end| end.as_ref().err().cloned())
}

fn was_not_asked(end: &Result<(), DriverError>) -> bool {
    matches!(end, Err(DriverError::NotAsked { .. }))
}

/// Looks at the feeds that failed, unless the failure says that they do not answer.
async fn look(
    app: &App,
    feeds: &[Feed],
    done: Vec<Result<(), DriverError>>,
    wanted: PowerState,
) -> Vec<FeedEnd> {
    let looks = feeds.iter().zip(done);
    join_all(looks.map(|(feed, done)| look_at(app, feed, done, wanted))).await
}

async fn look_at(
    app: &App,
    feed: &Feed,
    done: Result<(), DriverError>,
    wanted: PowerState,
) -> FeedEnd {
    let state = match &done {
        Ok(()) => Some(wanted),
        Err(error) if answers(error) => state_of(app, feed).await.ok(),
        Err(_) => None,
    };
    FeedEnd { done, state }
}

fn answers(error: &DriverError) -> bool {
    match error {
        DriverError::TimedOut { cause, .. } => cause.starts_with(NOT_IN_STATE),
        DriverError::Failed { .. } | DriverError::Malformed { .. } => true,
        DriverError::Unreachable { .. }
        | DriverError::Refused { .. }
        | DriverError::Untrusted { .. }
        | DriverError::Unsupported { .. }
        | DriverError::NotAsked { .. } => false,
    }
}

/// The state of a machine by what was seen of its feeds, if that is enough to tell.
fn known_state(ends: &[FeedEnd]) -> Option<PowerState> {
    if ends.iter().any(|end| end.state == Some(PowerState::On)) {
        return Some(PowerState::On);
    }
    let all_off = ends.iter().all(|end| end.state == Some(PowerState::Off));
    all_off.then_some(PowerState::Off)
}

/// Each feed with its reason and its last state.
fn told(feeds: &[Feed], ends: &[FeedEnd], wanted: PowerState) -> String {
    let each = feeds.iter().zip(ends).map(|(feed, end)| {
        let seen = end.state.map_or("not known", PowerState::as_str);
        match &end.done {
            Ok(()) => format!("{}: {}", feed.label, wanted.as_str()),
            Err(error) => format!("{}: {error} (last state: {seen})", feed.label),
        }
    });
    let each: Vec<String> = each.collect();
    format!(
        "not all feeds became {}: {}",
        wanted.as_str(),
        each.join("; ")
    )
}

fn failed(feeds: &[Feed], cause: String) -> DriverError {
    DriverError::Failed {
        endpoint: names(feeds),
        cause,
    }
}

fn names(feeds: &[Feed]) -> String {
    let labels: Vec<&str> = feeds.iter().map(|feed| feed.label.as_str()).collect();
    labels.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> DriverError {
        DriverError::Unreachable {
            endpoint: "pdu:161".to_owned(),
            cause: "no answer".to_owned(),
        }
    }

    #[test]
    fn a_machine_is_off_only_when_all_of_its_feeds_are() {
        use PowerState::{Off, On};
        assert_eq!(judge(vec![Ok(Off), Ok(On)]), Ok(On));
        assert_eq!(judge(vec![Err(away()), Ok(On)]), Ok(On));
        assert_eq!(judge(vec![Ok(Off), Ok(Off)]), Ok(Off));
        assert_eq!(judge(vec![Ok(Off), Err(away())]), Err(away()));
    }

    #[test]
    fn what_was_not_asked_is_tried_again_unless_something_failed() {
        let not_asked = || {
            Err(DriverError::NotAsked {
                endpoint: "pdu:161".to_owned(),
                cause: "no database".to_owned(),
            })
        };
        assert!(nobody_asked(&[not_asked(), Ok(())], false).is_some());
        assert!(nobody_asked(&[not_asked(), Ok(())], true).is_none());
        assert!(nobody_asked(&[not_asked(), not_asked()], true).is_some());
        assert!(nobody_asked(&[not_asked(), Err(away())], false).is_none());
        assert!(nobody_asked(&[Ok(()), Ok(())], false).is_none());
    }
}
