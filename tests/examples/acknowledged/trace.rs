//! Reads strace's output: what is written to a database's log, when it is forced to the disk, and what is sent.

use std::collections::BTreeMap;

/// What a process did, in the order in which strace saw it. Times are line numbers.
#[derive(Debug, Default)]
pub(super) struct Trace {
    writes: Vec<Call>,
    syncs: Vec<Call>,
    sends: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    began: usize,
    ended: usize,
    arguments: String,
}

/// The length of a frame's head in SQLite's log. The pages come in writes of their own.
const HEAD: usize = 24;

impl Trace {
    /// `log` is how the name of the database's log ends.
    pub(super) fn parse(text: &str, log: &str) -> Self {
        let mut trace = Self::default();
        let mut unfinished = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let rest = rest.trim_start();
            let (began, call) = if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
                unfinished.insert(thread.to_owned(), (at, begun.to_owned()));
                continue;
            } else if rest.starts_with("<... ") {
                let Some((began, begun)) = unfinished.remove(thread) else { continue };
                (began, begun + rest.split_once("resumed>").map_or("", |(_, end)| end))
            } else {
                (at, rest.to_owned())
            };
            let Some((name, arguments)) = call.split_once('(') else { continue };
            let Some((arguments, result)) = arguments.rsplit_once(" = ") else { continue };
            if result.starts_with('-') {
                continue;
            }
            let file = arguments.split_once('>').map_or("", |(file, _)| file);
            let call = Call { began, ended: at, arguments: arguments.to_owned() };
            match name {
                "pwrite64" if file.ends_with(log) => trace.writes.push(call),
                "fsync" | "fdatasync" if file.ends_with(log) => trace.syncs.push(call),
                "write" | "writev" | "sendto" | "sendmsg" if file.contains("<socket:") => {
                    trace.sends.push(call);
                }
                _ => {}
            }
        }
        trace
    }

    /// Was the batch that first held this text on the disk when the text was first sent to anybody?
    pub(super) fn is_synced_before_it_is_said(&self, text: &str) -> Result<(), String> {
        let holds = |call: &&Call| call.arguments.contains(text);
        let said = self.sends.iter().find(holds).ok_or("nobody was told")?;
        let first = self.writes.iter().position(|call| holds(&call)).ok_or("it was never written")?;
        // The head of a frame comes before its page, so the page that holds the text may be the last one.
        let batch = self.writes.get(first.saturating_sub(1)..).unwrap_or_default();
        let last = batch.iter().position(Call::is_commit).ok_or("it was never committed")?;
        let page = batch.get(last + 1).ok_or("the last page was never written")?;
        let synced = self.syncs.iter().find(|sync| sync.began > page.ended).ok_or("it was never synced")?;
        if synced.ended < said.began {
            return Ok(());
        }
        Err(format!("said in line {}, synced in line {}", said.began + 1, synced.ended + 1))
    }
}

impl Call {
    /// Is it the head of a batch's last frame? That one says how large the database is then.
    fn is_commit(&self) -> bool {
        let quoted = self.arguments.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
        let head = bytes(quoted.map_or("", |(text, _)| text));
        head.len() == HEAD && head.get(4..8).is_some_and(|size| size != [0; 4])
    }
}

/// The bytes that strace has written as the text of a C program.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            bytes.extend(u8::try_from(c));
            continue;
        }
        let mut octal = String::new();
        while octal.len() < 3
            && let Some(digit) = rest.next_if(char::is_ascii_digit)
        {
            octal.push(digit);
        }
        bytes.extend(match u8::from_str_radix(&octal, 8) {
            Ok(byte) => Some(byte),
            Err(_) => rest.next().and_then(|escaped| match escaped {
                'n' => Some(b'\n'),
                't' => Some(b'\t'),
                'r' => Some(b'\r'),
                'v' => Some(11),
                'f' => Some(12),
                other => u8::try_from(other).ok(),
            }),
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#"7 pwrite64(12</x/saga.db-wal>, "\0\0\0\1\0\0\0\0abcdefghijklmn\"p", 24, 32) = 24"#;
    const LAST: &str =
        r#"7 pwrite64(12</x/saga.db-wal>, "\0\0\0\1\0\0\0\tabcdefghijklmno\n", 24, 4152) = 24"#;
    const PAGE: &str = r#"7 pwrite64(12</x/saga.db-wal>, "\r\0 wf_1 default", 4096, 56) = 4096"#;
    const OTHER: &str = r#"7 pwrite64(12</x/saga.db-wal>, "\r\0 something", 4096, 4176) = 4096"#;
    const SYNC: &str = "7 fdatasync(12</x/saga.db-wal>) = 0";
    const SAID: &str =
        r#"8 writev(28<socket:[88]>, [{iov_base="HTTP/1.1 202 {\"id\":\"wf_1\"}", iov_len=9}], 1) = 9"#;

    fn judge(lines: &[&str]) -> Result<(), String> {
        Trace::parse(&lines.join("\n"), "saga.db-wal").is_synced_before_it_is_said("wf_1")
    }

    #[test]
    fn a_batch_is_written_then_synced_then_told() {
        assert_eq!(judge(&[INNER, PAGE, LAST, OTHER, SYNC, SAID]), Ok(()));
        assert_eq!(judge(&[LAST, PAGE, SYNC, SAID]), Ok(()));
    }

    #[test]
    fn whatever_is_told_too_early_is_found() {
        for lines in [
            &[INNER, PAGE, LAST, OTHER, SAID, SYNC][..],
            &[SAID, LAST, PAGE, SYNC],
            // Synced before the batch was whole.
            &[INNER, PAGE, SYNC, LAST, OTHER, SAID],
            &[LAST, PAGE, "7 fdatasync(12</x/saga.db-wal>) = -1 EIO (Input/output error)", SAID],
            &[LAST, PAGE, "7 fdatasync(13</x/radius.db-wal>) = 0", SAID],
            // Still under way when it was told.
            &[
                LAST,
                PAGE,
                "7 fdatasync(12</x/saga.db-wal> <unfinished ...>",
                SAID,
                "7 <... fdatasync resumed>) = 0",
            ],
            &[LAST, PAGE, SYNC],
            &[SYNC, SAID],
        ] {
            assert!(judge(lines).is_err(), "{lines:#?}");
        }
    }

    #[test]
    fn a_call_that_was_interrupted_in_the_listing_is_put_together() {
        let begun = "7 fdatasync(12</x/saga.db-wal> <unfinished ...>";
        assert_eq!(judge(&[LAST, PAGE, begun, "7 <... fdatasync resumed>) = 0", SAID]), Ok(()));
    }
}
