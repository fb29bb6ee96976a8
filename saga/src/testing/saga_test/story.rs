//! A report in words: everything that a person needs who reads of a failed test.

use std::fmt;
use std::time::Duration;

use super::calls::{CallEnd, RecordedCall};
use super::report::{Report, Rest};
use crate::error::{Effect, Retry, StepError};
use crate::json::Json;
use crate::machine::CallKind;
use crate::step::Signature;
use crate::store::StepStatus;

/// Values are cut off here; [`Report::calls`] has the whole of them.
const WIDTH: usize = 160;

impl<S: Signature, R> fmt::Display for Report<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.view.header;
        let (name, state) = (&header.definition.name, &header.state);
        writeln!(
            f,
            "{name} version {} is {} after {}",
            header.definition.version,
            state.status,
            time(self.elapsed)
        )?;
        if let Some(message) = &state.error_message {
            writeln!(f, "  because: {message}")?;
        }
        if let Some(reason) = state.failure_reason {
            writeln!(f, "  reason: {reason}")?;
        }
        for awaited in &self.awaited {
            writeln!(f, "  waits for the event `{}` of `{}`", awaited.name, awaited.key)?;
        }
        match self.rest {
            Rest::End | Rest::Waiting => {}
            Rest::Limit => writeln!(f, "  the test's limit has passed")?,
            Rest::Calls => writeln!(f, "  the test allows no more calls than these {}", self.calls.len())?,
        }
        writeln!(f, "  input:  {}", short(&header.input))?;
        if let Some(output) = &state.output {
            writeln!(f, "  output: {}", short(output))?;
        }
        writeln!(f, "\ncalls (* the test answered)")?;
        // A step that is tried for ever has thousands.
        let (first, last) = (60, self.calls.len().saturating_sub(20));
        for (nth, call) in self.calls.iter().enumerate() {
            if nth < first || nth >= last {
                told(call, f)?;
            } else if nth == first {
                writeln!(f, "  … {} more …", last - first)?;
            }
        }
        writeln!(f, "\nsteps")?;
        for row in self.view.all_steps() {
            let error = row.error_message.as_deref().filter(|_| row.status != StepStatus::Completed);
            let line =
                format!("  {:<30} {:<20} {}", row.place(), row.status.as_str(), error.unwrap_or_default());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl<S: Signature, R> fmt::Debug for Report<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn told(call: &RecordedCall, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = match call.kind {
        CallKind::Run => "",
        CallKind::Undo => "undo ",
        CallKind::LookUp => "look up ",
    };
    let item = if call.item.is_empty() { String::new() } else { format!("[{}]", call.item) };
    let attempt = if call.attempt > 1 { format!(", attempt {}", call.attempt) } else { String::new() };
    let mark = if call.scripted { "*" } else { " " };
    writeln!(f, "{:>12} {mark} {kind}{}{item}{attempt} {}", time(call.at), call.node, short(&call.args))?;
    let (sign, end) = match &call.end {
        CallEnd::UnderWay => ("…", "is under way".to_owned()),
        CallEnd::Made(output) => ("=", short(output)),
        CallEnd::Adopted(output) => ("=", format!("{} (adopted)", short(output))),
        CallEnd::Undone => ("=", "undone".to_owned()),
        CallEnd::Found(None) => ("=", "nothing is there".to_owned()),
        CallEnd::Found(Some(output)) => ("=", short(output)),
        CallEnd::Failed(error) => ("!", failure(error)),
    };
    writeln!(f, "{sign:>18} {end}")
}

fn failure(error: &StepError) -> String {
    let effect = match error.effect() {
        Effect::None => "no effect",
        Effect::Unknown => "effect unknown",
    };
    let retry = match error.retry() {
        Retry::Yes => "try again".to_owned(),
        Retry::After(pause) => format!("try again after {}", time(pause)),
        Retry::No => "do not try again".to_owned(),
    };
    format!("{} ({effect}, {retry})", error.message())
}

/// `25h 3m`, `1m 0.2s`.
fn time(span: Duration) -> String {
    let (minutes, rest) = (span.as_secs() / 60, span - Duration::from_secs(span.as_secs() / 60 * 60));
    let parts = [(minutes / 60, "h"), (minutes % 60, "m")];
    let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}"));
    let seconds = (minutes == 0 || !rest.is_zero()).then(|| format!("{rest:?}"));
    parts.chain(seconds).collect::<Vec<_>>().join(" ")
}

fn short(json: &Json) -> String {
    let text = json.as_str();
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    text.chars().take(WIDTH).chain(['…']).collect()
}
