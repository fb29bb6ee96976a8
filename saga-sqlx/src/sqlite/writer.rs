//! The one task that writes. What waits shares a transaction, and so a sync of the disk.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use saga::Timestamp;
use saga::store::StoreError;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::SqliteOptions;
use super::connection;
use super::file::{Identity, SideFile};
use super::health::Health;
use super::queries as sql;
use crate::error::Failure;

/// How many jobs share one transaction.
const MOST_JOBS: usize = 64;

/// Something to be written.
#[async_trait]
pub(super) trait Job: Send {
    /// Writes, inside the turn's open transaction. Called again in a transaction of its own when the turn failed.
    async fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Failure>;
    /// What it wrote is durable, or it is not and never will be.
    fn done(self: Box<Self>, turn: Result<(), StoreError>);
    /// Does nobody wait for the answer any more?
    fn is_abandoned(&self) -> bool;
}

/// The writer's turn, with its transaction open.
pub(super) struct Turn<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    /// The latest time that anybody told.
    pub(super) told: &'a mut Timestamp,
    /// Breaks off the statement that runs.
    pub(super) stop: &'a AtomicBool,
    /// Is something of this turn at fault? Then each part is tried by itself.
    pub(super) careful: bool,
}

pub(super) struct Writer {
    pub(super) connection: Option<SqliteConnection>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) told: Timestamp,
    pub(super) options: SqliteOptions,
    pub(super) path: std::path::PathBuf,
    pub(super) identity: Identity,
    pub(super) health: Health,
    /// Given back when the writer has ended.
    pub(super) side_file: SideFile,
}

impl Writer {
    /// Works until every handle of the store is gone, or `closed` says so.
    pub(super) async fn run(
        mut self,
        mut jobs: mpsc::UnboundedReceiver<Box<dyn Job>>,
        mut closed: oneshot::Receiver<oneshot::Sender<()>>,
    ) {
        let closer = loop {
            let first = tokio::select! {
                biased;
                job = jobs.recv() => job,
                closer = &mut closed => break closer.ok(),
            };
            let Some(first) = first else { break None };
            let mut turn = vec![first];
            while turn.len() < MOST_JOBS {
                let Ok(job) = jobs.try_recv() else { break };
                turn.push(job);
            }
            self.together(turn).await;
        };
        if let Some(connection) = self.connection {
            // Closing copies the log into the file. If that fails the next one who opens it does it.
            drop(connection.close().await);
        }
        drop(self.side_file);
        if let Some(closer) = closer {
            let _ = closer.send(());
        }
    }

    /// All in one transaction; when that fails, each in one of its own.
    async fn together(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.turn(&mut jobs, false).await {
            Err(Failure::Poison(reason)) => {
                tracing::warn!("A batch is written again one by one: {reason}");
                for job in jobs {
                    let mut alone = vec![job];
                    let result = self.turn(&mut alone, true).await.map_err(StoreError::from);
                    alone.into_iter().for_each(|job| job.done(result.clone()));
                }
            }
            Ok(()) => jobs.into_iter().for_each(|job| job.done(Ok(()))),
            Err(failure) => {
                let error = StoreError::from(failure);
                jobs.into_iter().for_each(|job| job.done(Err(error.clone())));
            }
        }
    }

    /// One transaction. What it says is remembered for the store's health.
    async fn turn(&mut self, jobs: &mut [Box<dyn Job>], careful: bool) -> Result<(), Failure> {
        let result = self.try_turn(jobs, careful).await;
        if result.is_err() {
            // A full disk, an I/O error or a lack of memory may have rolled back everything, or nothing:
            // whatever state the connection is in, a new one is in none.
            if let Some(failed) = self.connection.take() {
                drop(failed.close().await);
            }
        }
        let error = match &result {
            Err(Failure::Broken(error)) => Some(error.clone()),
            _ => None,
        };
        self.health.tell(error);
        result
    }

    async fn try_turn(&mut self, jobs: &mut [Box<dyn Job>], careful: bool) -> Result<(), Failure> {
        self.identity.check()?;
        self.health.check_damage()?;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connection::writer(&self.path, &self.options, false, &self.stop).await?),
        };
        let mut transaction = loop {
            match connection.begin_with("BEGIN IMMEDIATE").await.map_err(Failure::from) {
                Ok(transaction) => break transaction,
                // Somebody else's connection writes. Nothing of ours fails because of that.
                Err(Failure::Busy) if !jobs.iter().all(|job| job.is_abandoned()) => {
                    let busy = "another connection has held the database's write lock for a while";
                    self.health.tell(Some(StoreError::Unavailable(busy.into())));
                }
                Err(failure) => return Err(failure),
            }
        };
        for job in jobs {
            let (told, stop) = (&mut self.told, &*self.stop);
            job.run(&mut Turn { connection: &mut transaction, told, stop, careful }).await?;
        }
        if self.health.check().is_err() {
            // A turn that happens to write nothing would say that writing works again.
            sqlx::query(sql::PROVE).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        // Before anything is acknowledged: is it still the file that others will find?
        self.identity.check()?;
        Ok(())
    }
}
