//! One command to a running virtual machine, over QEMU's monitor protocol (QMP).

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::Error;

/// The monitor answers at once or never.
const LIMIT: Duration = Duration::from_secs(5);

/// Sends `name`, a command without arguments, and waits for its answer.
pub(super) async fn command(socket: &Path, name: &str) -> Result<(), Error> {
    tokio::time::timeout(LIMIT, talk(socket, name))
        .await
        .map_err(|_| Error::Machine("its monitor does not answer".to_owned()))?
}

async fn talk(socket: &Path, name: &str) -> Result<(), Error> {
    let broken = Error::host("monitor of the virtual machine");
    let conversation = async {
        let (input, mut output) = UnixStream::connect(socket).await?.into_split();
        let mut lines = BufReader::new(input).lines();
        let mut answers = Vec::new();
        for command in ["qmp_capabilities", name] {
            output
                .write_all(format!("{}\n", json!({ "execute": command })).as_bytes())
                .await?;
            while let Some(line) = lines.next_line().await? {
                let message: Value = serde_json::from_str(&line)?;
                // Greeting and events come in between.
                if message.get("return").is_some() || message.get("error").is_some() {
                    answers.push(message);
                    break;
                }
            }
        }
        Ok::<_, std::io::Error>(answers)
    };
    let answers = conversation.await.map_err(broken)?;
    match answers.iter().find_map(|answer| answer.get("error")) {
        Some(error) => Err(Error::Machine(
            error["desc"]
                .as_str()
                .unwrap_or("unknown reason")
                .to_owned(),
        )),
        None if answers.len() == 2 => Ok(()),
        None => Err(Error::Machine("its monitor hung up".to_owned())),
    }
}
