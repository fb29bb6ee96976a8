//! Triggers, and the events that they have not acted on.

use async_trait::async_trait;
use saga::store::{PublishedEvent, StoreError, Trigger, Triggered, Triggers};
use sqlx::PgConnection;

use super::held::within;
use super::queries as sql;
use super::{PgStore, ask};
use crate::codec::time_text;
use crate::error::Failure;
use crate::triggers::{TriggeredColumns, registered};

/// Remembers an event for its triggers, in the transaction that keeps it. `true`: it has some.
pub(super) async fn remember(connection: &mut PgConnection, event: &PublishedEvent) -> Result<bool, Failure> {
    let at = time_text(event.at);
    let forget = sqlx::query(sql::FORGET_TRIGGERED).bind(&at).bind(None::<&str>);
    forget.execute(&mut *connection).await?;
    let trigger = sqlx::query(sql::TRIGGER)
        .bind(&event.tenant_id)
        .bind(&event.name)
        .bind(&event.key)
        .bind(event.value.as_str())
        .bind(&event.by)
        .bind(&at)
        .bind(time_text(event.kept_until));
    Ok(trigger.execute(connection).await?.rows_affected() > 0)
}

#[async_trait]
impl Triggers for PgStore {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError> {
        let add = sqlx::query(sql::ADD_TRIGGERS).bind(registered(&triggers)?);
        self.0.health.tell(ask!(self.0, |connection| add.execute(&mut *connection)))?;
        Ok(())
    }

    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError> {
        let remove = async {
            let mut connection = self.0.connection().await?;
            let mut tx = connection.begin().await?;
            let removed = sqlx::query(sql::REMOVE_TRIGGER).bind(name).execute(&mut *tx).await?;
            let forget = sqlx::query(sql::FORGET_TRIGGERED).bind(None::<&str>).bind(name);
            forget.execute(&mut *tx).await?;
            tx.commit().await?;
            connection.give_back();
            Ok(removed.rows_affected() > 0)
        };
        self.0.health.tell(remove.await)
    }

    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError> {
        let wanted = sqlx::query_as::<_, TriggeredColumns>(sql::TRIGGERED)
            .bind(triggers)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = ask!(self.0, |connection| wanted.fetch_all(&mut *connection))?;
        Ok(found.into_iter().map(TriggeredColumns::read).filter_map(crate::rows::readable).collect())
    }

    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        let settle = sqlx::query(sql::SETTLE_TRIGGERED).bind(ids);
        self.0.health.tell(ask!(self.0, |connection| settle.execute(&mut *connection)))?;
        Ok(())
    }
}
