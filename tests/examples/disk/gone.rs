//! Files that are not where they were, or cannot be written.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use reqwest::StatusCode;
use tempfile::TempDir;

use super::{acknowledged, complete, provision, refusal};
use crate::stage::Stage;

#[test]
fn a_deleted_database_is_told_and_no_start_begins_anew_in_silence() {
    let mut stage = Stage::new();
    let starts = [acknowledged(&stage, 1), acknowledged(&stage, 2)];
    let (database, elsewhere) = (stage.file("saga.db"), stage.file("elsewhere"));
    std::fs::rename(&database, &elsewhere).unwrap();
    let why = stage.unready().expect("unready without its database");
    assert!(why.contains("saga.db") && why.contains("was removed"), "{why}");
    let (status, answer) = provision(&stage, 3);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("was removed"), "{answer}");
    stage.kill();

    let said = refusal(&mut stage.command());
    assert!(said.contains("saga.db is missing"), "{said}");
    std::fs::rename(&elsewhere, &database).unwrap();
    stage.restart();
    complete(&stage, &starts);
    complete(&stage, &[acknowledged(&stage, 3)]);
    assert!(stage.terminate());

    // On purpose it begins anew.
    std::fs::rename(&database, &elsewhere).unwrap();
    stage.start_as(stage.command().arg("--new"));
    assert_eq!(stage.unready(), None);
    assert!(stage.terminate());
}

/// Permissions bind everybody but root, so root starts the server as somebody else.
struct Somebody {
    program: TempDir,
    id: Option<u32>,
}

const NOBODY: u32 = 65_534;

impl Somebody {
    fn new(command: &Command) -> Self {
        let id = rustix::process::geteuid().is_root().then_some(NOBODY);
        let program = tempfile::tempdir().unwrap();
        set_mode(program.path(), 0o755);
        // Where the program was built may be hidden from him.
        std::fs::copy(command.get_program(), program.path().join("server")).unwrap();
        Self { program, id }
    }

    fn owns(&self, place: &Path) {
        chown(place, self.id, self.id).unwrap();
    }

    fn starts(&self, command: &Command) -> Command {
        let mut other = Command::new(self.program.path().join("server"));
        other.args(command.get_args());
        other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        other.stderr(crate::stage::log(self.program.path()));
        if let Some(id) = self.id {
            other.uid(id).gid(id);
        }
        other
    }
}

fn set_mode(place: &Path, mode: u32) {
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_by_name_and_harms_nothing() {
    let mut stage = Stage::new();
    let started = acknowledged(&stage, 1);
    complete(&stage, std::slice::from_ref(&started));
    assert!(stage.terminate());

    let folder = stage.file("");
    let somebody = Somebody::new(&stage.command());
    somebody.owns(&folder);
    for file in std::fs::read_dir(&folder).unwrap() {
        somebody.owns(&file.unwrap().path());
    }
    set_mode(&folder, 0o555);
    let said = refusal(&mut somebody.starts(&stage.command()));
    assert!(said.contains(&*stage.file("saga.db").to_string_lossy()), "{said}");
    assert!(said.contains("cannot be opened"), "{said}");

    set_mode(&folder, 0o755);
    set_mode(&stage.file("saga.db"), 0o444);
    let said = refusal(&mut somebody.starts(&stage.command()));
    assert!(said.contains(&*stage.file("saga.db").to_string_lossy()), "{said}");
    assert!(said.contains("cannot be written"), "{said}");

    set_mode(&stage.file("saga.db"), 0o644);
    stage.start_as(&mut somebody.starts(&stage.command()));
    complete(&stage, &[started, acknowledged(&stage, 2)]);
    // What runs has its files open, and goes on.
    set_mode(&folder, 0o555);
    complete(&stage, &[acknowledged(&stage, 3)]);
    set_mode(&folder, 0o755);
    assert!(stage.terminate());
}
