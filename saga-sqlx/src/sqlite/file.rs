//! The database file: whose it is, and whether it is still there.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use saga::store::StoreError;

/// `<database>.lock`: locked by the operating system for as long as the process lives, so that a predecessor is
/// certainly gone. Its content remembers that there was a database.
pub(super) struct SideFile {
    file: File,
}

impl SideFile {
    /// Takes the lock, and refuses a database that was there and is gone.
    pub(super) fn take(database: &Path, create_new: bool) -> Result<Self, StoreError> {
        let path = side_path(database);
        let unusable = |e: &dyn std::fmt::Display| {
            StoreError::Configuration(format!("the lock file {} cannot be used: {e}", path.display()))
        };
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(|e| unusable(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Configuration(format!(
                    "the database {} is in use by another process, which holds {}: stop that one, or use another \
                     file",
                    database.display(),
                    path.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(unusable(&e)),
        }
        let remembered = file.metadata().map_err(|e| unusable(&e))?.len() > 0;
        if remembered && !database.exists() && !create_new {
            return Err(StoreError::Configuration(format!(
                "the database {} is missing, but {} remembers it: restore the file, or say that a new one is wanted",
                database.display(),
                path.display()
            )));
        }
        if !may_write(database) {
            let path = database.display();
            return Err(StoreError::Configuration(format!(
                "the database {path} cannot be written: check its permissions"
            )));
        }
        Ok(Self { file })
    }

    /// From now on a missing database is an error.
    pub(super) fn remember(&mut self, database: &Path) -> Result<(), StoreError> {
        let text = format!("There is a saga database beside this file: {}\n", database.display());
        let written = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
        written.and_then(|()| self.file.sync_all()).map_err(|e| {
            StoreError::Configuration(format!("{} cannot be written: {e}", side_path(database).display()))
        })
    }
}

/// Asked before SQLite opens the file: it would open it to read, and leave files beside it that nobody can write
/// even when this one can be written again. Not by opening it: closing it again would release the locks of other
/// connections of this process.
#[cfg(unix)]
fn may_write(database: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    !database.exists() || accessat(CWD, database, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> bool {
    true
}

fn side_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".lock");
    name.into()
}

/// Which file a path named when the database was opened.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    path: PathBuf,
    number: (u64, u64),
}

impl Identity {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = std::fs::metadata(path)
            .map_err(|e| StoreError::Configuration(format!("{} cannot be opened: {e}", path.display())))?;
        Ok(Self { path: path.to_owned(), number: number(&metadata) })
    }

    /// Is it what this path names?
    pub(super) fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|metadata| number(&metadata) == self.number)
    }

    /// What is written to a file that has no name any more is lost with the process: such a commit must not be
    /// acknowledged.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let what = match std::fs::metadata(&self.path) {
            Ok(metadata) if number(&metadata) == self.number => return Ok(()),
            Ok(_) => "was replaced by another file",
            Err(_) => "was removed",
        };
        let path = self.path.display();
        Err(StoreError::Configuration(format!(
            "the database {path} {what} while it was open: nothing is acknowledged any more; restore it and restart"
        )))
    }
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn number(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
