//! What the first version could do: steps one after the other.

use std::sync::{Arc, Mutex};

use saga::{StepError, saga, step};

/// What the steps are told, and whether they are stopped where the fixtures want them.
#[derive(Clone, Default)]
pub(crate) struct World {
    /// It makes a fixture: some calls never return, some undo is refused.
    pub(crate) makes: bool,
    calls: Arc<Mutex<Vec<String>>>,
}

/// Where the fixtures stand still: the workflow and the call.
const STOPS: [(&str, &str); 6] = [
    ("running", "do second"),
    ("undoing", "undo second"),
    ("again", "do second"),
    ("listing", "do item"),
    ("inside", "do inner"),
    ("hiding", "do keep"),
];

impl World {
    pub(crate) fn making() -> Self {
        Self { makes: true, ..Self::default() }
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// A system is called for a workflow.
    pub(crate) async fn call(&self, call: &str, word: &str) -> saga::Result<String> {
        self.calls.lock().unwrap().push(format!("{call} of {word}"));
        // The first time `again` runs it fails, the second time it stands still.
        let rolls_back =
            ["undone", "owed", "undoing"].contains(&word) || word == "again" && self.is_first(call);
        match call {
            "do third" if rolls_back => return Err(StepError::permanent("no")),
            "undo first" if word == "owed" && self.makes => return Err(StepError::permanent("never")),
            "do second" if word == "again" && self.is_first(call) => {}
            _ if self.makes && STOPS.contains(&(word, call)) => std::future::pending().await,
            _ => {}
        }
        Ok(format!("{call} of {word}"))
    }

    fn is_first(&self, call: &str) -> bool {
        let call = format!("{call} of again");
        self.makes && self.calls().iter().filter(|other| **other == call).count() == 1
    }
}

macro_rules! steps {
    ($($step:ident, $undo:ident;)*) => { $(
        #[step(compensate = $undo(world, word), system = "world", timeout = "1000s", settle_after = "100ms")]
        pub(crate) async fn $step(#[inject] world: &World, word: &str) -> saga::Result<String> {
            world.call(concat!("do ", stringify!($step)), word).await
        }
        async fn $undo(world: &World, word: &str) -> saga::Result<()> {
            world.call(concat!("undo ", stringify!($step)), word).await.map(drop)
        }
    )* };
}
steps! { first, undo_first; second, undo_second; third, undo_third; }

#[saga(version = 1)]
pub(crate) async fn basic(word: String) -> saga::Result<String> {
    let one = first(&word).await?;
    second(&word).await?;
    let last = third(&word).await?;
    Ok(format!("{one}, {last}"))
}
