//! The words of a saga's expressions, as numbers. The fingerprint covers what a plan is made of, not what its
//! closures compute; a change of those that forgets the version is warned of by these.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::plan::Plan;

/// How the line of an expression begins, after the plan's own lines.
const LINE: &str = "expression: ";

/// The number of an expression's text.
pub(crate) fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

impl Plan {
    /// [`describe`](Self::describe), and the advisory hash of each expression: what a store keeps of a plan.
    pub fn text(&self) -> String {
        let mut text = self.describe();
        for (name, hash) in &self.expressions {
            let _ = write!(text, "\n{LINE}{hash:016x} {name}");
        }
        text
    }

    /// The nodes whose expressions were others when that text was kept. Nothing is known of nodes of which one
    /// of the two says nothing.
    pub(crate) fn changed_expressions(&self, kept: &str) -> Vec<Arc<str>> {
        let theirs: BTreeMap<&str, &str> = kept
            .lines()
            .filter_map(|line| line.strip_prefix(LINE)?.split_once(' '))
            .map(|(hash, name)| (name, hash))
            .collect();
        let changed = |(name, hash): &(&Arc<str>, &u64)| {
            theirs.get(&***name).is_some_and(|theirs| *theirs != format!("{hash:016x}"))
        };
        self.expressions.iter().filter(changed).map(|(name, _)| Arc::clone(name)).collect()
    }
}

/// The plan's own lines of what a store keeps.
pub(crate) fn without_expressions(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with(LINE)).collect::<Vec<_>>().join("\n")
}
