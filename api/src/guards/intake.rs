//! Taking in reports: their size, and the memory that all of them together may take.

use std::sync::Arc;
use std::time::Duration;

use assay_app::App;
use assay_domain::Error;
use rocket::data::ToByteUnit;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};
use rocket::tokio::io::AsyncReadExt;
use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};
use rocket::{Data, Request};

use crate::context::reject;
use crate::fault::Failure;

/// How long a machine may take to send its report.
const TIME_LIMIT: Duration = Duration::from_mins(2);
/// Seconds after which a report that found no room is worth another try.
const RETRY_AFTER: u64 = 5;
/// The budget is counted in units of 1 KiB.
const UNIT: u64 = 1 << 10;
/// How much is reserved at a time for a report whose length was not told.
const STEP: u64 = 1 << 20;

/// The bytes of all reports that are being received.
pub(crate) struct ReportBudget {
    units: Arc<Semaphore>,
}

impl ReportBudget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / UNIT).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    fn reserve(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Failure> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        Arc::clone(&self.units)
            .try_acquire_many_owned(units)
            .map_err(|_| {
                Failure::from(Error::Unavailable {
                    message: "too many reports are being received".to_owned(),
                    retry_after: RETRY_AFTER,
                })
            })
    }
}

/// A report's bytes, and its share of the budget for as long as it is held.
pub(crate) struct Received {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    _share: OwnedSemaphorePermit,
}

/// The right to take in one report.
pub(crate) struct Intake<'r> {
    budget: &'r ReportBudget,
    limit: u64,
    announced: Option<u64>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Intake<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        let rocket = request.rocket();
        let (Some(app), Some(budget)) = (rocket.state::<App>(), rocket.state::<ReportBudget>())
        else {
            return reject(request, Error::internal("the application is not managed"));
        };
        let announced = request
            .headers()
            .get_one("Content-Length")
            .and_then(|length| length.trim().parse().ok());
        Outcome::Success(Self {
            budget,
            limit: app.settings().body_limits.report,
            announced,
        })
    }
}

impl Intake<'_> {
    /// The same right for a report of at most so many bytes.
    pub(crate) fn within(mut self, limit: Option<u64>) -> Self {
        self.limit = self.limit.min(limit.unwrap_or(u64::MAX));
        self
    }

    /// Reads a report within its limit, its time and the common budget.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Unavailable`] when the budget is used up, 408 when it is slow.
    pub(crate) async fn read(&self, data: Data<'_>) -> Result<Received, Failure> {
        rocket::tokio::time::timeout(TIME_LIMIT, self.read_all(data))
            .await
            .map_err(|_| {
                Failure::http(Status::RequestTimeout, "the report did not arrive in time")
            })?
    }

    async fn read_all(&self, data: Data<'_>) -> Result<Received, Failure> {
        let limit = self.limit;
        if self.announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let mut reserved = self.announced.unwrap_or(STEP.min(limit));
        let mut share = self.budget.reserve(reserved)?;
        let mut stream = data.open((limit + 1).bytes());
        let mut bytes = Vec::with_capacity(usize::try_from(reserved).unwrap_or_default());
        loop {
            let count = stream.read_buf(&mut bytes).await.map_err(|problem| {
                Error::invalid(format!("the report could not be read: {problem}"))
            })?;
            let length = bytes.len() as u64;
            if length > limit {
                return Err(too_large(limit));
            }
            if count == 0 {
                return Ok(Received {
                    bytes,
                    _share: share,
                });
            }
            if length > reserved {
                share.merge(self.budget.reserve(STEP)?);
                reserved += STEP;
            }
        }
    }
}

fn too_large(limit: u64) -> Failure {
    Error::TooLarge(format!("the report is larger than {limit} bytes")).into()
}
