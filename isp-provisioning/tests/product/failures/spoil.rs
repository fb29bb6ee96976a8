//! How a failure is made, and how it is mended.

use std::fmt::{self, Display};
use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};

use super::run::TIMEOUT_MS;
use crate::harness::Product;

/// One thing that goes wrong.
#[derive(Clone)]
pub enum Spoil {
    /// A simulator misbehaves.
    Fault {
        system: &'static str,
        op: &'static str,
        mode: &'static str,
        times: u32,
        ms: u64,
        status: u16,
        when: When,
    },
    /// A database misbehaves: statements before, and how they are taken back.
    Sql { file: &'static str, what: &'static str, spoil: String, mend: String, when: When },
    /// Somebody else writes to the file, for as long as it takes until the step is tried again.
    Lock { file: &'static str, until: Until, when: When },
    /// A completed workflow is stopped by hand and cancelled: the way to the last step's undo.
    TakenBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the workflow is started.
    Before,
    /// When the workflow has asked for its router, whose answer takes a while: before the first undo.
    BeforeTheUndo,
    /// When this simulator has met all its faults, the last of which is a delay.
    WhileAsked(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This step begins its second attempt.
    Again(&'static str),
    /// This many milliseconds have passed.
    Passed(u64),
    /// The workflow has ended.
    Ended,
}

/// A simulator's fault for one call.
pub fn fault(system: &'static str, op: &'static str, mode: &'static str) -> Spoil {
    Spoil::Fault { system, op, mode, times: 1, ms: 0, status: 0, when: When::Before }
}

impl Spoil {
    pub fn times(mut self, n: u32) -> Self {
        if let Self::Fault { times, .. } = &mut self {
            *times = n;
        }
        self
    }
    pub fn ms(mut self, n: u64) -> Self {
        if let Self::Fault { ms, .. } = &mut self {
            *ms = n;
        }
        self
    }
    pub fn status(mut self, n: u16) -> Self {
        if let Self::Fault { status, .. } = &mut self {
            *status = n;
        }
        self
    }
    pub fn before_the_undo(self) -> Self {
        self.at(When::BeforeTheUndo)
    }
    pub fn while_asked(self, system: &'static str) -> Self {
        self.at(When::WhileAsked(system))
    }
    fn at(mut self, moment: When) -> Self {
        if let Self::Fault { when, .. } | Self::Sql { when, .. } | Self::Lock { when, .. } = &mut self {
            *when = moment;
        }
        self
    }
    pub fn when(&self) -> When {
        match self {
            Self::Fault { when, .. } | Self::Sql { when, .. } | Self::Lock { when, .. } => *when,
            Self::TakenBack => When::Before,
        }
    }

    /// Makes it; a lock is held as long as what is answered lives.
    pub async fn make(&self, product: &Product) -> Option<SqliteConnection> {
        match self {
            Self::Fault { system, op, mode, times, ms, status, .. } => {
                let mut fault = json!({"op":op,"mode":mode,"times":times});
                if *ms > 0 || *mode == "delay" {
                    fault["ms"] = json!(ms);
                }
                if *status > 0 {
                    fault["status"] = json!(status);
                }
                product.fault(super::run::door(system), fault).await;
                None
            }
            Self::Sql { file, spoil, .. } => {
                open(product, file).await.execute(sqlx::AssertSqlSafe(spoil.clone())).await.unwrap();
                None
            }
            Self::Lock { file, .. } => {
                let mut connection = open(product, file).await;
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                Some(connection)
            }
            Self::TakenBack => None,
        }
    }

    /// Makes it if it is a lock.
    pub async fn make_lock(&self, product: &Product) -> Option<SqliteConnection> {
        match self {
            Self::Lock { .. } => self.make(product).await,
            _ => None,
        }
    }

    /// Takes it back, as far as it has not used itself up.
    pub async fn mend(&self, product: &Product) {
        if let Self::Sql { file, mend, .. } = self {
            open(product, file).await.execute(sqlx::AssertSqlSafe(mend.clone())).await.unwrap();
        }
    }
}

pub async fn open(product: &Product, file: &str) -> SqliteConnection {
    let path = product.folder.path().join(file);
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
    options.connect().await.unwrap()
}

/// The database refuses statements of this kind: `INSERT ON customers`.
pub fn refuses(file: &'static str, what: &'static str) -> Spoil {
    refuses_when(file, what, "1")
}
pub fn refuses_when(file: &'static str, what: &'static str, condition: &str) -> Spoil {
    let spoil = format!(
        "CREATE TRIGGER spoilt BEFORE {what} WHEN {condition} BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END"
    );
    Spoil::Sql { file, what, spoil, mend: "DROP TRIGGER spoilt".into(), when: When::Before }
}

/// A table is not where it should be.
pub fn gone(file: &'static str, table: &'static str) -> Spoil {
    let rename = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
    let away = format!("{table}_elsewhere");
    let (spoil, mend) = (rename(table, &away), rename(&away, table));
    Spoil::Sql { file, what: table, spoil, mend, when: When::Before }
}

/// Statements of this kind do not end: ever, or only those that begin within some seconds `since` a moment.
/// A limit of 250 ms breaks them off; with 0.3 s the first of three attempts is caught and the third is not.
pub fn endless(what: &'static str, since: Option<(&str, f32)>) -> Spoil {
    let (until, how) = match since {
        None => ("1e18".to_owned(), "for ever"),
        Some((moment, seconds)) => (format!("unixepoch(({moment}), 'subsec') + {seconds}"), "at first"),
    };
    let spoil = format!(
        "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n \
         WHERE x < CASE WHEN unixepoch('now', 'subsec') < {until} THEN 1e15 ELSE 1 END) SELECT max(x) AS x FROM n;\
         CREATE TRIGGER spoilt BEFORE {what} BEGIN SELECT x FROM endless; END"
    );
    let mend = "DROP TRIGGER spoilt; DROP VIEW endless".into();
    Spoil::Sql { file: "saga.db", what: how, spoil, mend, when: When::Before }
}

impl Display for Spoil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Spoils nothing: lets calls pass until it is the turn of the next one.
            Self::Fault { op, mode: "delay", times, ms: 0, .. } => write!(f, "{times} × `{op}` as usual"),
            Self::Fault { op, mode: "delay", ms, .. } if *ms < TIMEOUT_MS => {
                write!(f, "`{op}` slow, and meanwhile")
            }
            Self::Fault { op, mode, times, status, .. } => {
                if *times > 1 {
                    write!(f, "{times} × ")?;
                }
                write!(f, "`{op}` {mode}")?;
                if *status > 0 { write!(f, " {status}") } else { Ok(()) }
            }
            Self::Sql { what, spoil, .. } if spoil.starts_with("ALTER") => {
                write!(f, "table `{what}` missing")
            }
            Self::Sql { what, spoil, .. } if spoil.contains("endless") => {
                write!(f, "its statement does not end, {what}")
            }
            Self::Sql { what, spoil, .. } if spoil.contains("TRIGGER") => {
                write!(f, "`{}` refused by a trigger", what.split(" ON ").collect::<Vec<_>>().join(" "))
            }
            Self::Sql { what, .. } => f.write_str(what),
            Self::Lock { file, until: Until::Ended, .. } => write!(f, "`{file}` locked for good"),
            Self::Lock { file, .. } => write!(f, "`{file}` locked for a while"),
            Self::TakenBack => f.write_str("completed, stopped by hand, cancelled"),
        }
    }
}
