//! A store in a directory of its own.

use std::path::PathBuf;

use saga_sqlx::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("saga.db")
    }
    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path(), SqliteOptions::default()).await.unwrap()
    }
}
