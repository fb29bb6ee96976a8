//! Triggers, and the events that they have not acted on.

use async_trait::async_trait;
use saga::store::{PublishedEvent, StoreError, Trigger, Triggered, Triggers};

use super::SqliteStore;
use super::jobs::Work;
use super::queries as sql;
use super::writer::Turn;
use crate::codec::{rows, time_text};
use crate::error::Failure;
use crate::triggers::{TriggeredColumns, registered};

/// Remembers an event for its triggers, in the transaction that keeps it. `true`: it has some.
pub(super) async fn remember(turn: &mut Turn<'_>, event: &PublishedEvent) -> Result<bool, Failure> {
    let at = time_text(event.at);
    let forget = sqlx::query(sql::FORGET_TRIGGERED).bind(&at).bind(None::<&str>);
    forget.execute(&mut *turn.connection).await?;
    let trigger = sqlx::query(sql::TRIGGER)
        .bind(&event.tenant_id)
        .bind(&event.name)
        .bind(&event.key)
        .bind(event.value.as_str())
        .bind(&event.by)
        .bind(&at)
        .bind(time_text(event.kept_until));
    Ok(trigger.execute(&mut *turn.connection).await?.rows_affected() > 0)
}

struct Register(Vec<Trigger>);

#[async_trait]
impl Work for Register {
    type Answer = ();

    async fn write(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let add = sqlx::query(sql::ADD_TRIGGERS).bind(registered(&self.0)?);
        add.execute(&mut *turn.connection).await?;
        Ok(())
    }
}

struct Remove(String);

#[async_trait]
impl Work for Remove {
    type Answer = bool;

    async fn write(&self, turn: &mut Turn<'_>) -> Result<bool, Failure> {
        let forget = sqlx::query(sql::FORGET_TRIGGERED).bind(None::<&str>).bind(&self.0);
        forget.execute(&mut *turn.connection).await?;
        let remove = sqlx::query(sql::REMOVE_TRIGGER).bind(&self.0);
        Ok(remove.execute(&mut *turn.connection).await?.rows_affected() > 0)
    }
}

struct Settle(Vec<i64>);

#[async_trait]
impl Work for Settle {
    type Answer = ();

    async fn write(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let settle = sqlx::query(sql::SETTLE_TRIGGERED).bind(rows(&self.0)?);
        settle.execute(&mut *turn.connection).await?;
        Ok(())
    }
}

#[async_trait]
impl Triggers for SqliteStore {
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError> {
        self.ask(Register(triggers)).await
    }

    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError> {
        self.ask(Remove(name.to_owned())).await
    }

    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError> {
        let wanted = sqlx::query_as::<_, TriggeredColumns>(sql::TRIGGERED)
            .bind(rows(triggers)?)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let found = wanted.fetch_all(&mut *self.reader().await?).await.map_err(|e| self.heard(e.into()))?;
        Ok(found.into_iter().map(TriggeredColumns::read).filter_map(crate::rows::readable).collect())
    }

    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError> {
        self.ask(Settle(ids)).await
    }
}
