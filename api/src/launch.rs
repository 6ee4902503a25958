//! Launches the HTTP face and stops it again; the only place outside that knows it is Rocket.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use assay_app::App;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{ServerConfig, rocket};

/// How often, and how far apart, a new listener tries to take an address over from the old one.
const TAKE_OVER_ATTEMPTS: u32 = 100;
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(10);

/// A listening HTTP face.
pub struct Running {
    address: SocketAddr,
    shutdown: rocket::Shutdown,
    ended: JoinHandle<Result<(), String>>,
}

impl Running {
    /// Where it listens; the real port when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it ends without having been asked to; gives the reason.
    pub async fn failed(&mut self) -> String {
        match (&mut self.ended).await {
            Ok(Err(reason)) => reason,
            Ok(Ok(())) => "the listener ended".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Puts a new listener in this one's place, with certificate and key read again. The address is
    /// free for a moment only: requests in progress end on the old listener in the meantime.
    ///
    /// # Errors
    /// The reason in words why the new one cannot listen; the old one is gone by then.
    pub async fn replace(self, app: App, server: ServerConfig) -> Result<Self, String> {
        let server = ServerConfig {
            address: self.address.ip(),
            port: self.address.port(),
            ..server
        };
        self.shutdown.notify();
        let mut attempts = 0;
        loop {
            match launch(app.clone(), server.clone()).await {
                Err(_) if attempts < TAKE_OVER_ATTEMPTS => attempts += 1,
                launched => return launched,
            }
            tokio::time::sleep(TAKE_OVER_PAUSE).await;
        }
    }

    /// Takes no more requests, and waits for those in progress.
    pub async fn stop(self) {
        self.shutdown.notify();
        let _ = self.ended.await;
    }
}

/// Starts to listen.
///
/// # Errors
/// The reason in words: an address in use, a certificate that cannot be read, colliding routes.
pub async fn launch(app: App, server: ServerConfig) -> Result<Running, String> {
    let wanted = SocketAddr::new(server.address, server.port);
    let (ready, bound) = oneshot::channel();
    let ready = Mutex::new(Some(ready));
    let rocket = rocket(app, server)
        .attach(AdHoc::on_liftoff("address", move |rocket| {
            Box::pin(async move {
                let config = rocket.config();
                let address = SocketAddr::new(config.address, config.port);
                let sender = ready.lock().ok().and_then(|mut ready| ready.take());
                if let Some(sender) = sender {
                    let _ = sender.send(address);
                }
            })
        }))
        .ignite()
        .await
        .map_err(|error| describe(&error))?;
    let shutdown = rocket.shutdown();
    let mut ended = tokio::spawn(async move {
        match rocket.launch().await {
            Ok(_) => Ok(()),
            Err(error) => Err(describe(&error)),
        }
    });
    tokio::select! {
        Ok(address) = bound => Ok(Running { address, shutdown, ended }),
        failed = &mut ended => Err(match failed {
            Ok(Err(reason)) => format!("{wanted}: {reason}"),
            Ok(Ok(())) => format!("{wanted}: ended at once"),
            Err(error) => error.to_string(),
        }),
    }
}

/// Rocket’s errors panic when they are dropped unread; reading their kind is what keeps them quiet.
fn describe(error: &rocket::Error) -> String {
    match error.kind() {
        ErrorKind::Collisions(collisions) => format!("collisions detected: {collisions:?}"),
        kind => kind.to_string(),
    }
}
