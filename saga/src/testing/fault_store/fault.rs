//! What goes wrong, and when: as values, and as a text that says the same.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is not done: [`StoreError::Unavailable`](crate::store::StoreError::Unavailable).
    Fails,
    /// It is done, and answered with the same error.
    LosesAnswer,
    /// It is done so much later.
    IsDelayed(Duration),
    /// The process dies before it is done.
    DiesBefore,
    /// The process dies after it was done.
    DiesAfter,
}

/// Which call goes wrong, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// Of all calls.
    Call(u64),
    /// Of all that write: see [`Method::is_write`].
    Write(u64),
    /// Of those of one method.
    Of(Method, u64),
}

macro_rules! methods {
    ($($method:ident = $word:literal,)*) => {
        /// A method of a store, or of one of its capabilities.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "they are named after the methods")]
        pub enum Method { $($method,)* }

        impl Method {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$method,)*];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$method => $word,)* }
            }
        }
    };
}

methods! {
    Join = "join",
    Beat = "beat",
    Leave = "leave",
    Claim = "claim",
    Held = "held",
    Stranded = "stranded",
    Watch = "watch",
    Commit = "commit",
    Send = "send",
    Publish = "publish",
    Published = "published",
    Load = "load",
    List = "list",
    History = "history",
    Plan = "plan",
    Statistics = "statistics",
    Transact = "transact",
    CommitIn = "commit_in",
    PutSchedule = "put_schedule",
    RemoveSchedule = "remove_schedule",
    ListSchedules = "list_schedules",
    DueSchedules = "due_schedules",
    Remove = "remove",
    RegisterTriggers = "register_triggers",
    RemoveTrigger = "remove_trigger",
    Triggered = "triggered",
    SettleTriggered = "settle_triggered",
}

impl Method {
    /// Does it write something that an engine has decided? Joining, leaving, claiming and sending are not among these:
    /// they move what is there already.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::Commit
                | Self::Publish
                | Self::Transact
                | Self::PutSchedule
                | Self::RemoveSchedule
                | Self::RemoveTrigger
                | Self::SettleTriggered
        )
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What goes wrong and when. As a text: `commit 3 fails; write 5 loses its answer; call 7 is delayed by 1500ms;
/// write 2 dies before; claim 1 dies after`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<(Which, Fault)>);

impl Faults {
    /// One fault.
    pub fn one(which: Which, fault: Fault) -> Self {
        Self(vec![(which, fault)])
    }
    /// And this.
    #[must_use]
    pub fn and(mut self, which: Which, fault: Fault) -> Self {
        self.0.push((which, fault));
        self
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(n) => write!(f, "call {n}"),
            Self::Write(n) => write!(f, "write {n}"),
            Self::Of(method, n) => write!(f, "{method} {n}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails => f.write_str("fails"),
            Self::LosesAnswer => f.write_str("loses its answer"),
            Self::IsDelayed(by) => write!(f, "is delayed by {}ms", by.as_millis()),
            Self::DiesBefore => f.write_str("dies before"),
            Self::DiesAfter => f.write_str("dies after"),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(|(which, fault)| format!("{which} {fault}")).collect();
        f.write_str(&all.join("; "))
    }
}

/// A text is not one of faults.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a fault: say something like `commit 3 fails`, `write 5 loses its answer`, `call 7 is delayed by 1500ms`, `write 2 dies before` or `write 2 dies after`"
)]
pub struct ParseFaultError(String);

impl FromStr for Faults {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let one = |part: &str| one(part).ok_or_else(|| ParseFaultError(part.to_owned()));
        parts.map(one).collect::<Result<_, _>>().map(Self)
    }
}

fn one(text: &str) -> Option<(Which, Fault)> {
    let (what, rest) = text.split_once(' ')?;
    let (n, rest) = rest.split_once(' ')?;
    let n = n.parse().ok().filter(|n| *n > 0)?;
    let which = match what {
        "call" => Which::Call(n),
        "write" => Which::Write(n),
        _ => Which::Of(Method::ALL.iter().copied().find(|method| method.as_str() == what)?, n),
    };
    let fault = match rest.trim() {
        "fails" => Fault::Fails,
        "loses its answer" => Fault::LosesAnswer,
        "dies before" => Fault::DiesBefore,
        "dies after" => Fault::DiesAfter,
        delay => {
            let ms = delay.strip_prefix("is delayed by ")?.strip_suffix("ms")?;
            Fault::IsDelayed(Duration::from_millis(ms.parse().ok()?))
        }
    };
    Some((which, fault))
}

/// How often calls go wrong, of a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance {
    /// So many fail.
    pub fails: u32,
    /// So many lose their answers.
    pub loses_answer: u32,
    /// So many are delayed.
    pub is_delayed: u32,
    /// By so much at most.
    pub longest_delay: Duration,
}

impl Chance {
    pub(super) fn throw(&self, random: &mut fastrand::Rng) -> Option<Fault> {
        let at = random.u32(0..1000);
        if at < self.fails {
            return Some(Fault::Fails);
        }
        if at < self.fails + self.loses_answer {
            return Some(Fault::LosesAnswer);
        }
        let longest = u64::try_from(self.longest_delay.as_millis()).unwrap_or(u64::MAX);
        let delayed = at < self.fails + self.loses_answer + self.is_delayed && longest > 0;
        delayed.then(|| Fault::IsDelayed(Duration::from_millis(random.u64(1..=longest))))
    }
}
