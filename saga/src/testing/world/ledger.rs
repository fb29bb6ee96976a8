//! The books of a world: what was done and undone, by system and key.

use std::collections::{BTreeMap, BTreeSet};

use super::act::{Way, WorldCall};

/// What a system does with a key that it has seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keys {
    /// What is there is not done again; what was undone is.
    #[default]
    Known,
    /// A request that it has answered it answers from memory: nothing happens twice, also if it was undone meanwhile.
    Remembered,
    /// Keys mean nothing: each request is a new effect.
    Ignored,
}

/// What became of one idempotency key in one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The system.
    pub system: String,
    /// The key under which it was done.
    pub key: String,
    /// Its business name.
    pub name: String,
    /// How often it was done.
    pub done: u32,
    /// How often it was undone.
    pub undone: u32,
}

impl Account {
    /// How often it is there.
    pub fn there(&self) -> u32 {
        self.done.saturating_sub(self.undone)
    }
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) keys: BTreeMap<String, Keys>,
    accounts: BTreeMap<(String, String), Account>,
    answered: BTreeSet<(String, String)>,
}

impl Ledger {
    /// A request takes effect.
    pub(super) fn land(&mut self, call: &WorldCall) {
        let keys = self.keys.get(&call.system).copied().unwrap_or_default();
        if call.way == Way::Find {
            return;
        }
        let is_new = self.answered.insert((call.system.clone(), call.key.clone()));
        if keys == Keys::Remembered && !is_new {
            return;
        }
        let account = self.accounts.entry((call.system.clone(), call.forward_key.clone()));
        let account = account.or_insert_with(|| Account {
            system: call.system.clone(),
            key: call.forward_key.clone(),
            name: String::new(),
            done: 0,
            undone: 0,
        });
        match call.way {
            Way::Do if keys == Keys::Ignored || account.there() == 0 => {
                account.done += 1;
                account.name.clone_from(&call.name);
            }
            Way::Undo if account.there() > 0 => account.undone += 1,
            _ => {}
        }
    }

    pub(super) fn find(&self, system: &str, key: &str) -> Option<String> {
        let account = self.accounts.get(&(system.to_owned(), key.to_owned()));
        account.filter(|account| account.there() > 0).map(|account| account.name.clone())
    }

    pub(super) fn there(&self) -> Vec<String> {
        let word = |a: &Account| std::iter::repeat_n(format!("{} {}", a.system, a.name), a.there() as usize);
        let mut there: Vec<_> = self.accounts.values().flat_map(word).collect();
        there.sort();
        there
    }

    pub(super) fn count(&self, system: &str, name: &str) -> u32 {
        let of = self.accounts.values().filter(|a| a.system == system && a.name == name);
        of.map(Account::there).sum()
    }

    pub(super) fn accounts(&self) -> Vec<Account> {
        self.accounts.values().cloned().collect()
    }
}
