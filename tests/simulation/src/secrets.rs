//! What nobody may read in the journal: sealed there, and plain for steps.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use saga::seal::{SealError, Sealer};
use saga::store::{Commit, Loaded};
use saga::{Json, WorkflowId};

use crate::stage::Stage;

/// Every secret begins so, and nothing else does.
pub(crate) const HUSH: &str = "hush-";

/// No cipher, but like one: who knows the text and not the seal reads nothing, and no two seals are alike.
pub(crate) struct Seal(pub(crate) Arc<Stage>);

/// How many seals there are in a seed. Random numbers would make every run another one.
#[derive(Default)]
pub(crate) struct Seals(AtomicU64);

const BEGIN: &str = "{\"$sealed\":\"";
const END: &str = "\"}";

impl Sealer for Seal {
    fn seal(&self, place: &str, plain: &str) -> Result<String, SealError> {
        let nonce = self.0.seals.0.fetch_add(1, Ordering::Relaxed);
        let mut text = format!("sim.{nonce}-{:x}-", hash(place));
        plain.bytes().for_each(|byte| write!(text, "{:02x}", byte ^ 0x5a).unwrap());
        Ok(text)
    }
    fn open(&self, place: &str, sealed: &str) -> Result<String, SealError> {
        let (of, plain) = broken(sealed).ok_or(SealError::Broken)?;
        if of == format!("{:x}", hash(place)) { Ok(plain) } else { Err(SealError::Broken) }
    }
    fn digest(&self, _: Option<&str>, data: &[u8]) -> Result<String, SealError> {
        Ok(format!("sim.{:x}", hash(data)))
    }
}

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// The place that it was made for, and what is in it.
fn broken(sealed: &str) -> Option<(String, String)> {
    let mut parts = sealed.strip_prefix("sim.")?.split('-').skip(1);
    let (of, hex) = (parts.next()?, parts.next()?);
    let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok());
    let plain = bytes.map(|byte| Some(byte? ^ 0x5a)).collect::<Option<Vec<_>>>()?;
    Some((of.to_owned(), String::from_utf8(plain).ok()?))
}

/// As the checker reads it, who has the key to everything.
pub(crate) fn opened(mut loaded: Loaded) -> Loaded {
    let state = &mut loaded.header.state;
    let rows = loaded.steps.iter_mut();
    let rows = rows.flat_map(|row| [&mut row.input, &mut row.output, &mut row.record, &mut row.carry]);
    let all = [&mut state.context, &mut state.output].into_iter().chain(rows).flatten();
    for value in all.filter(|value| value.as_str().contains(BEGIN)) {
        let (mut text, mut rest) = (String::new(), value.as_str());
        while let Some((before, from)) = rest.split_once(BEGIN) {
            let (sealed, after) = from.split_once(END).unwrap();
            text.push_str(before);
            text.push_str(&broken(sealed).unwrap().1);
            rest = after;
        }
        text.push_str(rest);
        *value = Json::parse(&text).unwrap();
    }
    loaded
}

impl Stage {
    /// Nothing of what is written is a secret in plain.
    pub(crate) fn keeps_secrets(&self, commit: &Commit) {
        let Some(loaded) = self.store.load(&commit.workflow_id).now_or_never().unwrap().unwrap() else {
            return;
        };
        if !is_private(&loaded) {
            return;
        }
        self.saw(|seen| &mut seen.secret);
        for text in [format!("{loaded:?}"), format!("{commit:?}")] {
            self.is_hushed(&commit.workflow_id, &text);
        }
    }
    pub(crate) fn is_hushed(&self, id: &WorkflowId, text: &str) {
        if let Some(at) = text.find(HUSH) {
            let from: String = text[at..].chars().take(30).collect();
            self.wrong(format!("secrets: {id} has a secret in plain: {from}"));
        }
    }
}

fn is_private(loaded: &Loaded) -> bool {
    *loaded.header.definition.name == *"private"
}
