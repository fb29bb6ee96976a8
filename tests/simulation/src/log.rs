//! What is logged, read for secrets.

use std::fmt::{self, Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::secrets::HUSH;
use crate::stage::Stage;

/// Reads every line of one seed.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Option<String>>>);

impl Log {
    pub(crate) fn judge(&self, stage: &Stage) {
        if let Some(line) = self.0.lock().unwrap().take() {
            stage.wrong(format!("secrets: a line of the log has one in plain: {line}"));
        }
    }
    fn read(&self, line: Line) {
        if line.0.contains(HUSH) {
            self.0.lock().unwrap().get_or_insert(line.0);
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::default();
        span.record(&mut line);
        self.read(line);
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        self.read(line);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.read(line);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written: fmt::Result = write!(self.0, "{field}={value:?} ");
        written.expect("a string takes everything");
    }
}
