//! A load generator over plain sockets: kept-alive connections, one request at a time on each.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `address` (`HOST:PORT`).
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(1 << 16);
        Ok(Self { stream, buffer })
    }

    /// Sends one request and reads its whole reply; gives the status code.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_lowercase();
        if let Some(length) = header(&text, "content-length:") {
            let length: usize = length.parse().map_err(io::Error::other)?;
            while self.buffer.len() < head + length {
                self.read_more().await?;
            }
        } else if header(&text, "transfer-encoding:").is_some() {
            while !self.buffer.ends_with(b"0\r\n\r\n") {
                self.read_more().await?;
            }
        }
        let code = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.ok_or_else(|| io::Error::other("not an HTTP reply"))
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = head.lines().find_map(|line| line.strip_prefix(name));
    line.map(str::trim)
}

/// What a run of equal requests gave.
pub(crate) struct Run {
    /// Requests a second.
    pub(crate) rate: f64,
    /// How long each took, in milliseconds, sorted.
    pub(crate) times: Vec<f64>,
}

/// Sends requests on `connections` connections for `duration`; every reply must be a 200.
pub(crate) async fn run(
    address: &str,
    requests: Vec<Vec<u8>>,
    connections: usize,
    duration: Duration,
) -> Run {
    let requests: std::sync::Arc<[Vec<u8>]> = requests.into();
    let began = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..connections {
        let requests = std::sync::Arc::clone(&requests);
        let mut connection = Connection::open(address).await.unwrap();
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            let mut next = number;
            while began.elapsed() < duration {
                let request = &requests[next % requests.len()];
                next += 1;
                let sent = Instant::now();
                let code = connection.exchange(request).await.unwrap();
                assert_eq!(code, 200);
                times.push(sent.elapsed().as_secs_f64() * 1000.0);
            }
            times
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Run { rate, times }
}

/// A GET as bytes.
pub(crate) fn get(address: &str, path: &str, token: Option<&str>) -> Vec<u8> {
    let token = token.map_or(String::new(), |token| format!("X-Auth-Token: {token}\r\n"));
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{token}\r\n").into_bytes()
}

/// A POST of JSON as bytes.
pub(crate) fn post(address: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
