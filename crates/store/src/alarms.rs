//! Alarms.

use assay_domain::{Alarm, NewAlarm, Page, Result, Timestamp};

use crate::Store;

impl Store {
    /// Raises an alarm; while one of the same kind and subject is open, that one is counted up and
    /// gets the new text and evidence.
    pub async fn raise_alarm(&self, new: NewAlarm, now: Timestamp) -> Result<Alarm> {
        write!(self, alarms::raise(&new, now))
    }

    /// Marks an alarm as seen, unless it was before; `None` when there is no such alarm.
    pub async fn acknowledge_alarm(
        &self,
        id: i64,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Alarm>> {
        let by = by.to_owned();
        write!(self, alarms::acknowledge(id, &by, now))
    }

    /// The alarm with that key.
    pub async fn alarm(&self, id: i64) -> Result<Option<Alarm>> {
        read!(self, alarms::find(id))
    }

    /// Alarms, newest first: only open ones, only acknowledged ones, or all.
    pub async fn list_alarms(&self, open: Option<bool>, page: Page) -> Result<Vec<Alarm>> {
        read!(self, alarms::list(open, page))
    }

    /// How many alarms are open.
    pub async fn count_open_alarms(&self) -> Result<i64> {
        read!(self, alarms::count_open())
    }

    /// Removes alarms that were acknowledged before this time; gives how many.
    pub async fn prune_alarms(&self, before: Timestamp) -> Result<i64> {
        write!(self, alarms::prune(before))
    }
}
