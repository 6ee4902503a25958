//! A session on a BMC that does not leak: one task owns it from before the login to after the
//! logout.
//!
//! A BMC has few sessions and keeps a forgotten one for half an hour. So the task (the keeper) sends
//! the login itself and cannot be cancelled half-way: if the caller is gone when the token comes,
//! the session is ended at once. It is ended as well when the caller closes or drops [`Login`], and
//! when the driver shuts down.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::Target;
use nv_redfish::core::{Bmc, ModificationResponse, ODataId, Raw, SessionCreateResponse};
use nv_redfish::schema::session::SessionCreate;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::RedfishDriver;
use super::fault::HttpFault;
use super::seats::Seat;
use super::wire::Transport;

/// How long the logout may take in all.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// Between two attempts of a logout.
const CLOSE_PAUSE: Duration = Duration::from_millis(500);

/// An open session on a BMC.
pub(super) struct Login {
    /// What proves the session; goes with every request.
    pub(super) token: String,
    /// Its end tells the keeper to log out.
    release: oneshot::Sender<()>,
    /// Ends when the keeper has logged out.
    closed: oneshot::Receiver<()>,
}

/// Why there is no session.
pub(super) enum NoLogin {
    /// The BMC did not give one; the seat comes back for another way to log in.
    Fault(HttpFault, Seat),
    /// No answer within the caller's time; the keeper goes on waiting and will end the session.
    TimedOut,
}

struct Keeper {
    transport: Arc<Transport>,
    endpoint: String,
    sessions: ODataId,
    body: SessionCreate,
    stop: CancellationToken,
}

impl Login {
    /// Logs in at the sessions collection.
    pub(super) async fn open(
        driver: &RedfishDriver,
        transport: &Arc<Transport>,
        sessions: &ODataId,
        target: &Target,
        seat: Seat,
    ) -> Result<Self, NoLogin> {
        let user = target.login.clone().unwrap_or_default();
        let password = target
            .password
            .as_ref()
            .map(|secret| secret.expose().to_owned());
        let keeper = Keeper {
            transport: Arc::clone(transport),
            endpoint: target.endpoint(),
            sessions: sessions.clone(),
            body: SessionCreate::builder(user, password.unwrap_or_default()).build(),
            stop: driver.stop.clone(),
        };
        let (opened, opening) = oneshot::channel();
        driver.keepers.spawn(keeper.run(seat, opened));
        match timeout(target.request_timeout, opening).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(NoLogin::TimedOut),
        }
    }

    /// Logs out and waits for it, at most [`CLOSE_LIMIT`].
    pub(super) async fn close(self) {
        drop(self.release);
        // The sender is never used: its end is the message.
        let _ = self.closed.await;
    }
}

impl Keeper {
    async fn run(self, seat: Seat, opened: oneshot::Sender<Result<Login, NoLogin>>) {
        let session: SessionCreateResponse<Value> = match self
            .transport
            .create_session(&self.sessions, &self.body)
            .await
        {
            Ok(session) => session,
            Err(fault) => {
                // If the caller is gone, the seat is given back with the message.
                drop(opened.send(Err(NoLogin::Fault(fault, seat))));
                return;
            }
        };
        let (release, released) = oneshot::channel();
        let (closing, closed) = oneshot::channel::<()>();
        let login = Login {
            token: session.auth_token.clone(),
            release,
            closed,
        };
        if opened.send(Ok(login)).is_ok() {
            tokio::select! {
                _ = released => {}
                () = self.stop.cancelled() => {}
            }
        }
        self.log_out(&session).await;
        drop(seat);
        drop(closing);
    }

    async fn log_out(&self, session: &SessionCreateResponse<Value>) {
        self.transport
            .inner()
            .set_credentials(nv_redfish::bmc_http::BmcCredentials::token(
                session.auth_token.clone(),
            ));
        let outcome = timeout(CLOSE_LIMIT, async {
            let mut attempt = 1;
            loop {
                match self.delete(&session.location).await {
                    Ok(()) => return Ok(()),
                    // What does not answer may be back in a moment; who answers so twice, means it.
                    Err(fault) if fault.is_answer() && attempt > 1 => return Err(fault),
                    Err(_) => sleep(CLOSE_PAUSE).await,
                }
                attempt += 1;
            }
        })
        .await;
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => {
                tracing::warn!(endpoint = self.endpoint, %fault, "a Redfish session could not be closed");
            }
            Err(_) => {
                tracing::warn!(
                    endpoint = self.endpoint,
                    "a Redfish session could not be closed in time"
                );
            }
        }
    }

    /// Ends a session; one that the BMC does not know any more has ended.
    async fn delete(&self, session: &ODataId) -> Result<(), HttpFault> {
        let outcome: Result<ModificationResponse<Raw>, _> = self.transport.delete(session).await;
        match outcome {
            Ok(_) => Ok(()),
            Err(fault) if fault.is_unauthorized() || fault.has_status(404) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
