//! A BMC that does as a test tells it, for what no simulator plays.

use std::net::SocketAddr;
use std::sync::Arc;

use assay_domain::Target;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::target;

/// A request as the BMC saw it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// An answer: status, headers, body.
pub(crate) struct Answer(
    pub(crate) u16,
    pub(crate) Vec<(&'static str, String)>,
    pub(crate) String,
);

impl Answer {
    /// 200 with a document.
    pub(crate) fn document(body: &Value) -> Self {
        Self(200, Vec::new(), body.to_string())
    }

    /// None at all: the connection stays open and nothing comes.
    pub(crate) fn silence() -> Self {
        Self::status(0)
    }

    /// A status without a body.
    pub(crate) fn status(status: u16) -> Self {
        Self(status, Vec::new(), String::new())
    }
}

/// A running odd BMC; dropping it ends it.
pub(crate) struct OddBmc {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl OddBmc {
    /// A BMC that answers as `handler` says; `None` from it is what [`ordinary`] answers.
    pub(crate) async fn start(
        handler: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let task = tokio::spawn(serve(listener, Arc::clone(&seen), Arc::new(handler)));
        Self {
            address,
            seen,
            task,
        }
    }

    /// Its target without a login.
    pub(crate) fn target(&self) -> Target {
        target(self.address)
    }

    /// The requests so far whose method and path begin like this, e.g. `POST /redfish`.
    pub(crate) fn seen(&self, start: &str) -> Vec<Request> {
        let seen = self.seen.lock();
        seen.iter()
            .filter(|request| format!("{} {}", request.method, request.path).starts_with(start))
            .cloned()
            .collect()
    }
}

impl Drop for OddBmc {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A machine that is off, of a BMC without sessions, with nothing but what the schema requires.
pub(crate) fn ordinary(request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/redfish/v1") => Answer::document(&root()),
        ("GET", "/redfish/v1/Systems") => Answer::document(&json!({
            "@odata.id": "/redfish/v1/Systems", "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection",
            "Name": "systems", "Members": [{"@odata.id": "/redfish/v1/Systems/1"}]})),
        ("GET", "/redfish/v1/Systems/1") => Answer::document(&system()),
        ("POST" | "PATCH", _) => Answer::status(204),
        _ => Answer::status(404),
    }
}

/// The root of [`ordinary`].
pub(crate) fn root() -> Value {
    json!({"@odata.id": "/redfish/v1", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot",
        "Id": "RootService", "Name": "root", "Systems": {"@odata.id": "/redfish/v1/Systems"}})
}

/// The system of [`ordinary`].
pub(crate) fn system() -> Value {
    json!({"@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem",
        "Id": "1", "Name": "system", "PowerState": "Off",
        "Boot": {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"},
        "Actions": {"#ComputerSystem.Reset": {"target": "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"}}})
}

/// The path of the only system.
pub(crate) const SYSTEM: &str = "/redfish/v1/Systems/1";

/// The document of a GET, if that is what is asked for.
pub(crate) fn on_get(
    request: &Request,
    path: &str,
    body: impl FnOnce() -> Value,
) -> Option<Answer> {
    (request.method == "GET" && request.path == path).then(|| Answer::document(&body()))
}

type Handler = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

async fn serve(listener: TcpListener, seen: Arc<Mutex<Vec<Request>>>, handler: Arc<Handler>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
        tokio::spawn(async move {
            // A client that goes away early is its own business.
            let _ = exchange(stream, &seen, handler.as_ref()).await;
        });
    }
}

/// One request and its answer; the connection ends with it.
async fn exchange(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    handler: &Handler,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let Some(request) = read(&mut stream, &lines).await? else {
        return Ok(());
    };
    let answer = handler(&request).unwrap_or_else(|| ordinary(&request));
    seen.lock().push(request);
    let Answer(status, headers, body) = answer;
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let mut text = format!(
        "HTTP/1.1 {status} Odd\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.extend([name, ": ", &value, "\r\n"]);
    }
    stream
        .write_all(format!("{text}\r\n{body}").as_bytes())
        .await
}

async fn read(
    stream: &mut BufReader<TcpStream>,
    lines: &[String],
) -> std::io::Result<Option<Request>> {
    let Some((first, rest)) = lines.split_first() else {
        return Ok(None);
    };
    let headers: Vec<(String, String)> = rest
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    let mut words = first.split(' ').map(str::to_owned);
    Ok(Some(Request {
        method: words.next().unwrap(),
        path: words.next().unwrap().trim_end_matches('/').to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }))
}
