//! Power controls, with their secrets encrypted at rest.

use assay_domain::power_control::{PowerControlField, PowerControlPatch};
use assay_domain::{Filter, Page, PowerControl, Result, Timestamp};

use crate::Store;

impl Store {
    /// Adds a power control; its `id` is given by the store.
    pub async fn create_power_control(&self, control: PowerControl) -> Result<PowerControl> {
        let keys = self.reload_keys().await?;
        let row = write!(self, power_controls::create(&control, &keys))?;
        self.open_one(row).await
    }

    /// Changes a power control. When login, password, key, host or port are given, the gate that
    /// refused credentials had shut opens. At another host or port the host key is forgotten.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn update_power_control(
        &self,
        id: i64,
        patch: PowerControlPatch,
        now: Timestamp,
    ) -> Result<PowerControl> {
        let keys = self.reload_keys().await?;
        let row = write!(self, power_controls::update(id, &patch, &keys, now))?;
        self.open_one(row).await
    }

    /// Removes a power control.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`, naming the nodes, while it is assigned.
    pub async fn delete_power_control(&self, id: i64) -> Result<()> {
        write!(self, power_controls::delete(id))
    }

    /// The power control with that key.
    pub async fn power_control(&self, id: i64) -> Result<Option<PowerControl>> {
        match read!(self, power_controls::find(id))? {
            Some(row) => Ok(Some(self.open_one(row).await?)),
            None => Ok(None),
        }
    }

    /// The power controls with these keys, without their secrets, for lists.
    pub async fn power_controls_of(&self, ids: &[i64]) -> Result<Vec<PowerControl>> {
        let ids = ids.to_vec();
        let rows = read!(self, power_controls::of(&ids))?;
        self.open_all(rows).await
    }

    /// The power controls with these keys, with their secrets, to reach them.
    pub async fn power_controls_to_reach(&self, ids: &[i64]) -> Result<Vec<PowerControl>> {
        let ids = ids.to_vec();
        let rows = read!(self, power_controls::with_secrets(&ids))?;
        self.open_all(rows).await
    }

    /// The power controls for which all filters hold, in order of their keys.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn list_power_controls(
        &self,
        filters: Vec<Filter<PowerControlField>>,
        page: Page,
    ) -> Result<Vec<PowerControl>> {
        let rows = read!(self, power_controls::list(&filters, page))?;
        self.open_all(rows).await
    }

    /// How many power controls there are for which all filters hold.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn count_power_controls(
        &self,
        filters: Vec<Filter<PowerControlField>>,
    ) -> Result<i64> {
        read!(self, power_controls::count(&filters))
    }
}
