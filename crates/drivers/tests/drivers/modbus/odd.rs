//! Against relays that are mute, break off, lie or talk nonsense.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use assay_domain::capability::SendError;
use assay_domain::{Driver, DriverError, PowerCommand, PowerState, Session, Target};
use assay_drivers::ResetOutcome;
use assay_drivers::modbus::ModbusDriver;
use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::MODBUS;
use crate::support::{eventually, gate, target};

/// What a relay does with a request.
enum Reply {
    /// As a relay should.
    Proper,
    /// This protocol data unit in a proper frame.
    Unit(Vec<u8>),
    /// These bytes, and nothing else.
    Bytes(Vec<u8>),
    /// These bytes, and the connection ends.
    HangUp(Vec<u8>),
    /// Carries it out and says nothing.
    Silence,
}

/// A request: its number from 1, and its protocol data unit.
type Handler = dyn Fn(usize, &[u8]) -> Reply + Send + Sync;

/// A relay that does as a test tells it; dropping it ends it.
struct OddRelay {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    coils: Mutex<[bool; 16]>,
    requests: AtomicUsize,
    writes: Mutex<Vec<bool>>,
    open: AtomicUsize,
}

impl OddRelay {
    async fn start(handler: impl Fn(usize, &[u8]) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (shared, handler): (_, Arc<Handler>) = (Arc::clone(&state), Arc::new(handler));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                tokio::spawn(async move {
                    state.open.fetch_add(1, Ordering::SeqCst);
                    // The driver ends connections as it likes.
                    let _ = serve(stream, &state, handler.as_ref()).await;
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    fn target(&self) -> Target {
        let mut target = target(self.address);
        target.output = "1".into();
        target.request_timeout = Duration::from_millis(300);
        target.settings.insert("reset_pause".into(), 0.1.into());
        target
    }

    async fn session(&self) -> Box<dyn Session> {
        let session = ModbusDriver::new().connect(&self.target()).await;
        session.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn all_closed(&self) {
        let open = || self.state.open.load(Ordering::SeqCst);
        eventually("all connections closed", || open() == 0).await;
    }
}

impl Drop for OddRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &State, handler: &Handler) -> std::io::Result<()> {
    loop {
        let mut header = [0; 7];
        stream.read_exact(&mut header).await?;
        let length = usize::from(u16::from_be_bytes([header[4], header[5]])) - 1;
        let mut unit = vec![0; length];
        stream.read_exact(&mut unit).await?;
        let number = state.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let reply = handler(number, &unit);
        match reply {
            Reply::Proper => {
                stream
                    .write_all(&frame(header, &state.proper(&unit)))
                    .await?;
            }
            Reply::Unit(answer) => stream.write_all(&frame(header, &answer)).await?,
            Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
            Reply::HangUp(bytes) => return stream.write_all(&bytes).await,
            Reply::Silence => drop(state.proper(&unit)),
        }
    }
}

fn frame(header: [u8; 7], unit: &[u8]) -> Vec<u8> {
    let length = u16::try_from(unit.len() + 1).unwrap().to_be_bytes();
    let mut bytes = header.to_vec();
    bytes[4..6].copy_from_slice(&length);
    bytes.extend_from_slice(unit);
    bytes
}

impl State {
    /// Reads one coil or writes one.
    fn proper(&self, unit: &[u8]) -> Vec<u8> {
        let address = usize::from(u16::from_be_bytes([unit[1], unit[2]]));
        let mut coils = self.coils.lock();
        match unit[0] {
            1 => vec![1, 1, u8::from(coils[address])],
            5 => {
                coils[address] = unit[3] == 0xff;
                self.writes.lock().push(coils[address]);
                unit.to_vec()
            }
            other => vec![other | 0x80, 1],
        }
    }

    fn writes(&self) -> Vec<bool> {
        self.writes.lock().clone()
    }
}

fn is_write(unit: &[u8]) -> bool {
    unit[0] == 5
}

#[tokio::test]
async fn a_mute_relay_times_out() {
    let relay = OddRelay::start(|_, _| Reply::Silence).await;
    let session = relay.session().await;
    let start = Instant::now();
    let error = session.power().unwrap().power_state().await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    relay.all_closed().await;
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let target = target(listener.local_addr().unwrap());
    drop(listener);
    let error = ModbusDriver::new().connect(&target).await.err().unwrap();
    assert!(matches!(error, DriverError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn answers_that_make_no_sense_are_told_from_broken_connections() {
    /// Whether an error is of the right kind.
    type Is = fn(&DriverError) -> bool;
    type Replies = fn() -> Reply;
    let malformed: Is = |error| matches!(error, DriverError::Malformed { .. });
    let failed: Is = |error| matches!(error, DriverError::Failed { .. });
    let unsupported: Is = |error| matches!(error, DriverError::Unsupported { .. });
    let cases: [(&str, Is, Replies); 9] = [
        ("closed at once", failed, || Reply::HangUp(Vec::new())),
        ("closed half-way", failed, || {
            Reply::HangUp(vec![0, 0, 0, 0, 0])
        }),
        ("no coils", malformed, || Reply::Unit(vec![1, 0])),
        ("too many coils", malformed, || {
            Reply::Unit(vec![1, 2, 1, 1])
        }),
        ("fewer than said", malformed, || Reply::Unit(vec![1, 9, 1])),
        ("an empty unit", malformed, || Reply::Unit(Vec::new())),
        ("another function", malformed, || Reply::Unit(vec![2, 1, 1])),
        ("another request", malformed, || {
            Reply::Bytes(vec![0x77, 0x77, 0, 0, 0, 4, 1, 1, 1, 1])
        }),
        ("an exception", unsupported, || Reply::Unit(vec![0x81, 1])),
    ];
    for (name, is, reply) in cases {
        let relay = OddRelay::start(move |_, _| reply()).await;
        let session = relay.session().await;
        let error = session.power().unwrap().power_state().await.unwrap_err();
        assert!(is(&error), "{name}: {error}");
        assert!(error.to_string().contains(&relay.target().endpoint()));
        session.close().await;
        relay.all_closed().await;
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_the_next_one() {
    let relay = OddRelay::start(|number, _| match number {
        1 => Reply::Silence,
        _ => Reply::Proper,
    })
    .await;
    let session = relay.session().await;
    let power = session.power().unwrap();
    assert!(power.power_state().await.is_err());
    relay.state.coils.lock()[0] = true;
    assert_eq!(power.power_state().await, Ok(PowerState::On));
    session.close().await;
    relay.all_closed().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_unknown() {
    for lost in [|| Reply::Silence, || Reply::HangUp(Vec::new())] {
        let relay = OddRelay::start(move |_, unit| {
            if is_write(unit) {
                lost()
            } else {
                Reply::Proper
            }
        })
        .await;
        let session = relay.session().await;
        let sent = session.power().unwrap().send(PowerCommand::On).await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
        session.close().await;
    }
    // A lost answer whose effect shows is good enough for on and off.
    let relay = OddRelay::start(|_, unit| {
        if is_write(unit) {
            Reply::Silence
        } else {
            Reply::Proper
        }
    })
    .await;
    let limit = Duration::from_secs(5);
    let target = relay.target();
    let (gate, _) = gate();
    let on = gate.ensure_power(&target, MODBUS, PowerState::On, limit);
    assert_eq!(on.await, Ok(()));
    assert_eq!(relay.state.writes(), [true]);
}

#[tokio::test]
async fn a_write_that_is_refused_or_lied_about_is_no_success() {
    let relay = OddRelay::start(|_, unit| {
        if is_write(unit) {
            Reply::Unit(vec![0x85, 6])
        } else {
            Reply::Proper
        }
    })
    .await;
    let sent = relay
        .session()
        .await
        .power()
        .unwrap()
        .send(PowerCommand::On)
        .await;
    assert!(
        matches!(sent, Err(SendError::NotSent(DriverError::Failed { .. }))),
        "{sent:?}"
    );
    for lie in [vec![5, 0, 0, 0xff, 0], vec![5, 0, 1, 0xff, 0]] {
        let relay = OddRelay::start(move |_, unit| {
            if is_write(unit) {
                Reply::Unit(lie.clone())
            } else {
                Reply::Proper
            }
        })
        .await;
        let sent = relay
            .session()
            .await
            .power()
            .unwrap()
            .send(PowerCommand::On)
            .await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn a_reset_of_doubtful_outcome_says_so_and_gives_the_power_back() {
    // The answer to the first write is lost.
    let relay = OddRelay::start(|number, _| match number {
        1 => Reply::Silence,
        _ => Reply::Proper,
    })
    .await;
    relay.state.coils.lock()[0] = true;
    let outcome = gate().0.reset_once(&relay.target(), MODBUS).await;
    assert!(matches!(outcome, ResetOutcome::Unknown(_)), "{outcome:?}");
    assert_eq!(relay.state.writes(), [false, true]);

    // The power cannot be given back.
    let relay = OddRelay::start(|_, unit| {
        if is_write(unit) && unit[3] == 0xff {
            Reply::Unit(vec![0x85, 4])
        } else {
            Reply::Proper
        }
    })
    .await;
    let outcome = gate().0.reset_once(&relay.target(), MODBUS).await;
    assert!(matches!(outcome, ResetOutcome::Unknown(_)), "{outcome:?}");
    assert_eq!(relay.state.writes(), [false], "and off was sent once");
    relay.all_closed().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_relay_says_ends_in_a_state_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        framed: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let relay = OddRelay::start(move |_, _| {
                if framed { Reply::Unit(bytes.clone()) } else { Reply::HangUp(bytes.clone()) }
            })
            .await;
            let session = relay.session().await;
            let _ = session.power().unwrap().power_state().await;
            session.close().await;
        });
    }
}
