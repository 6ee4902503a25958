//! A simulated relay that speaks Modbus/TCP, for tests of what several feeds of one machine do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::client::Client;

/// How many coils it has, as an ET-7067.
pub const COILS: usize = 8;
/// Reads coils (MODBUS Application Protocol V1.1b3, 6.1).
const READ_COILS: u8 = 1;
/// Writes one coil (6.5).
const WRITE_COIL: u8 = 5;

/// A running relay; dropping it ends it.
pub struct Relay {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    coils: [bool; COILS],
    stuck: bool,
    writes: Vec<(usize, bool)>,
}

impl Relay {
    /// A relay on a free port, all of whose coils are off.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // Whoever is killed ends his connection in any way.
                tokio::spawn(async move { serve(stream, &state).await });
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    /// Whether the coil of that number, from 1, is on.
    pub fn is_on(&self, coil: usize) -> bool {
        self.state().coils[coil - 1]
    }

    /// Takes what it is told from now on, and stays as it is.
    pub fn get_stuck(&self) {
        self.state().stuck = true;
    }

    /// What was written: the coil's number, from 1, and its value, in their order.
    pub fn writes(&self) -> Vec<(usize, bool)> {
        self.state().writes.clone()
    }

    /// Makes a power control for it; gives the key.
    pub async fn control(&self, client: &Client, title: &str) -> i64 {
        let control = json!({
            "control_type": "ET7067", "protocol_type": "modbus", "title": title,
            "host": self.address.ip().to_string(), "port_number": self.address.port(),
        });
        let reply = client
            .post("/v1/power-controls/", &json!({"power_control": control}))
            .await;
        let made: Value = reply.expect(200).json();
        made["power_control"]["id"].as_i64().unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    loop {
        // Transaction and protocol, two bytes each, the length of the rest, and the unit.
        let mut header = [0; 7];
        stream.read_exact(&mut header).await?;
        let length = usize::from(u16::from_be_bytes([header[4], header[5]])) - 1;
        let mut unit = vec![0; length];
        stream.read_exact(&mut unit).await?;
        let answer = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&mut state, &unit)
        };
        let length = u16::try_from(answer.len() + 1).unwrap();
        header[4..6].copy_from_slice(&length.to_be_bytes());
        stream
            .write_all(&[header.as_slice(), &answer].concat())
            .await?;
    }
}

fn answer(state: &mut State, unit: &[u8]) -> Vec<u8> {
    let word = |at: usize| usize::from(u16::from_be_bytes([unit[at], unit[at + 1]]));
    match unit[0] {
        READ_COILS => {
            let coils = (word(1)..word(1) + word(3)).enumerate();
            let bits = coils.fold(0_u8, |bits, (bit, coil)| {
                bits | (u8::from(state.coils[coil]) << bit)
            });
            vec![READ_COILS, 1, bits]
        }
        WRITE_COIL => {
            let (coil, value) = (word(1), unit[3] == 0xff);
            state.writes.push((coil + 1, value));
            if !state.stuck {
                state.coils[coil] = value;
            }
            unit.to_vec()
        }
        other => vec![other | 0x80, 1],
    }
}
