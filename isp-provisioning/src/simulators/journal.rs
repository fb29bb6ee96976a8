//! A simulator's world, kept in an append-only file: one JSON line per change, written before the answer
//! goes out. After a kill the world is rebuilt from the lines.
//!
//! The lines are handed to the operating system but not forced to the disk: they outlive the process, not
//! the machine.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The state of a simulated system, changed by events only.
pub trait World: Send + 'static {
    /// One change, complete: applying the same events to the same first world gives the same world.
    type Event: Serialize + DeserializeOwned + Send;
    /// Makes the change.
    fn apply(&mut self, event: &Self::Event);
}

/// A world with the file that remembers it.
#[derive(Debug)]
pub struct Kept<W> {
    world: W,
    file: Option<File>,
    /// How many bytes of the file are whole lines.
    whole: u64,
}

impl<W: World> Kept<W> {
    /// A world that is forgotten with the process.
    pub fn in_memory(first: W) -> Self {
        Self { world: first, file: None, whole: 0 }
    }

    /// The world as the file remembers it: `first`, with all its lines applied. `None` is
    /// [`Kept::in_memory`].
    pub fn open(first: W, path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else { return Ok(Self::in_memory(first)) };
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let mut world = first;
        let whole = replay(&text, |event| world.apply(&event))
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        // A line that the kill tore off was never answered, so nobody knows of it. It has to go, or the next
        // line would be glued to it.
        let whole = whole as u64;
        file.set_len(whole)?;
        Ok(Self { world, file: Some(file), whole })
    }

    /// The present world.
    pub fn world(&self) -> &W {
        &self.world
    }

    /// Writes the change down, then makes it. On an error nothing has changed.
    pub fn commit(&mut self, event: &W::Event) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_vec(event)?;
            line.push(b'\n');
            if let Err(e) = file.write_all(&line) {
                // Half a line on a full disk must not become the beginning of the next one.
                file.set_len(self.whole)?;
                return Err(e);
            }
            self.whole += line.len() as u64;
        }
        self.world.apply(event);
        Ok(())
    }
}

/// Feeds each whole line to `apply`; answers how many bytes they took. Only the last line may be torn.
fn replay<E: DeserializeOwned>(text: &[u8], mut apply: impl FnMut(E)) -> Result<usize, String> {
    let mut whole = 0;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let event = serde_json::from_slice(line)
            .map_err(|e| format!("journal line {} is corrupt: {e}", index + 1))?;
        apply(event);
        whole += line.len();
    }
    Ok(whole)
}

/// How often each effect was done, by `operation:reference`. Part of a world, so that tests can assert that
/// something happened once, or never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Effects(BTreeMap<String, u64>);

impl Effects {
    /// Counts one more.
    pub fn count(&mut self, operation: &str, reference: &str) {
        *self.0.entry(format!("{operation}:{reference}")).or_default() += 1;
    }
    /// How often it was done.
    pub fn of(&self, operation: &str, reference: &str) -> u64 {
        self.0.get(&format!("{operation}:{reference}")).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Words(Vec<String>);
    impl World for Words {
        type Event = String;
        fn apply(&mut self, event: &String) {
            self.0.push(event.clone());
        }
    }

    #[test]
    fn a_world_is_rebuilt_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        let mut kept = Kept::open(Words::default(), Some(&path)).unwrap();
        kept.commit(&"one".into()).unwrap();
        kept.commit(&"two\nlines".into()).unwrap();
        let again = Kept::open(Words::default(), Some(&path)).unwrap();
        assert_eq!(again.world(), kept.world());
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_the_next_one_is_not_glued_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        std::fs::write(&path, "\"one\"\n\"tw").unwrap();
        let mut kept = Kept::open(Words::default(), Some(&path)).unwrap();
        kept.commit(&"three".into()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"one\"\n\"three\"\n");
    }

    #[test]
    fn a_corrupt_line_in_the_middle_is_an_error_with_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        std::fs::write(&path, "\"one\"\n{]\n\"two\"\n").unwrap();
        let error = Kept::open(Words::default(), Some(&path)).unwrap_err();
        assert!(error.to_string().starts_with("journal line 2 is corrupt"), "{error}");
    }
}
