//! The connection to a relay: one request at a time, each with a time limit.
//!
//! Relays have few connections, so none is left open: what breaks, answers late or makes no sense is
//! closed at once and made again by the next request. That also keeps a late answer from being taken for
//! the next one.

use std::time::Duration;

use assay_domain::{DriverError, Target};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_modbus::client::tcp::attach_slave;
use tokio_modbus::client::{Client, Context};
use tokio_modbus::{Request, Response, Slave};

use super::fault::Fault;
use crate::peer::Peer;

/// A relay's line.
pub(super) struct Line {
    host: String,
    port: u16,
    unit: Slave,
    /// For a connection, and for one answer.
    limit: Duration,
    connection: Mutex<Option<Context>>,
}

impl Line {
    /// Connects to a device.
    pub(super) async fn open(target: &Target, unit: u8, peer: &Peer) -> Result<Self, DriverError> {
        let line = Self {
            host: target.host.clone(),
            port: target.port,
            unit: Slave(unit),
            limit: target.request_timeout,
            connection: Mutex::new(None),
        };
        let connection = line.connect().await;
        let connection = connection.map_err(|fault| fault.into_driver(peer, "connecting"))?;
        *line.connection.lock().await = Some(connection);
        Ok(line)
    }

    async fn connect(&self) -> Result<Context, Fault> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let stream = timeout(self.limit, connecting)
            .await
            .map_err(|_| Fault::ConnectTimeout(self.limit))?
            .map_err(Fault::Connect)?;
        stream.set_nodelay(true).map_err(Fault::Connect)?;
        Ok(attach_slave(stream, self.unit))
    }

    /// Sends a request and gives its answer, which has the request's function code.
    pub(super) async fn call(&self, request: Request<'static>) -> Result<Response, Fault> {
        let mut slot = self.connection.lock().await;
        // Taken out meanwhile: a caller who is interrupted closes it with that.
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        match timeout(self.limit, connection.call(request)).await {
            Ok(Ok(answer)) => {
                *slot = Some(connection);
                answer.map_err(Fault::Exception)
            }
            Ok(Err(error)) => {
                hang_up(connection).await;
                Err(error.into())
            }
            Err(_) => {
                hang_up(connection).await;
                Err(Fault::Timeout(self.limit))
            }
        }
    }

    /// Closes the connection.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection.into_inner() {
            hang_up(connection).await;
        }
    }
}

async fn hang_up(mut connection: Context) {
    if let Err(error) = connection.disconnect().await {
        tracing::debug!(%error, "a relay's connection was gone before it was closed");
    }
}
