//! Builds the examples once, and runs them as processes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "examples", "--examples"])
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the examples cannot be built");
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).expect("a target folder").join("examples")
});

pub(crate) fn example(name: &str) -> Command {
    Command::new(FOLDER.join(name))
}

/// A running server, or its simulators alone. It is killed when the test is over.
pub(crate) struct Running {
    child: Child,
    /// What it printed when it had started.
    pub(crate) lines: Vec<String>,
}

impl Running {
    /// Starts it and reads what it prints until `last` begins a line.
    pub(crate) fn start(command: &mut Command, last: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = vec![];
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let is_last = line.starts_with(last);
            lines.push(line);
            if is_last {
                return Self { child, lines };
            }
        }
        panic!("it ended before it had started: {:?}, {lines:?}", child.wait());
    }

    /// Where something runs, by the name at the beginning of its line.
    pub(crate) fn place(&self, name: &str) -> String {
        let line = self.lines.iter().find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no line for {name}: {:?}", self.lines))
            .split_once(' ')
            .unwrap()
            .1
            .to_owned()
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and answers whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().success()
    }

    /// SIGKILL: no goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
