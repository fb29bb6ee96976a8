//! Telling workflows what happened outside.

use super::client::{Client, ClientError};
use crate::json::Json;
use crate::store::{PublishedEvent, limits};

impl Client {
    /// Keeps an event for workflows of the tenant that wait for its name and key, or will. It returns when the
    /// event is durable. Published twice it is two events.
    ///
    /// # Errors
    /// [`ClientError::Unstorable`], or when the store fails.
    pub async fn publish(
        &self,
        tenant: &str,
        name: &str,
        key: &str,
        value: Json,
        by: Option<&str>,
    ) -> Result<PublishedEvent, ClientError> {
        let at = self.runtime.now();
        let event = PublishedEvent {
            tenant_id: tenant.to_owned(),
            name: name.to_owned(),
            key: key.to_owned(),
            value,
            by: by.map(ToOwned::to_owned),
            at,
            place: 0,
            kept_until: at.plus(self.keep_events),
        };
        limits::check_event(&event).map_err(ClientError::Unstorable)?;
        if self.store.publish(event.clone()).await? {
            self.wake();
        }
        Ok(event)
    }
}
