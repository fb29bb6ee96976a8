//! What a program says while this thread listens.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt;

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl Write for Ear {
    fn write(&mut self, said: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(said);
        Ok(said.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The warnings so far, a line each; as long as the guard lives.
pub fn warnings() -> (impl Fn() -> Vec<String>, DefaultGuard) {
    let ear = Ear::default();
    let writer = ear.clone();
    let listener =
        fmt().with_ansi(false).with_max_level(tracing::Level::WARN).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(listener.finish());
    let said = move || {
        let said = String::from_utf8(ear.0.lock().unwrap().clone()).unwrap();
        said.lines().map(str::to_owned).collect()
    };
    (said, guard)
}
