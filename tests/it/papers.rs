//! The papers name tests; they exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_findings_name_exists() {
    assert!(check("docs/findings.md") > 20, "the table is gone");
}

#[test]
fn every_test_that_is_named_for_a_defect_or_a_bug_of_a_peer_exists() {
    assert!(check("docs/peers.md") > 30, "the tables are gone");
}

#[test]
fn every_test_that_shows_a_form_exists() {
    assert!(check("docs/forms.md") > 30, "the tables are gone");
}

/// Looks for the tests that the last column of the paper's tables names; answers how many rows there are.
fn check(paper: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let table = fs::read_to_string(root.join(paper)).unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let mut functions = BTreeSet::new();
    for folder in ["saga", "saga-macros", "saga-sqlx", "isp-provisioning", "tests"] {
        collect(&root.join(folder), &mut functions);
    }
    for row in &rows {
        let names: Vec<_> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named in this row: {row}");
        for name in names {
            assert!(functions.contains(name), "no test is named {name}, but a row says so: {row}");
        }
    }
    rows.len()
}

/// The names of all functions, and of the tests that a macro is told to write.
fn collect(folder: &Path, functions: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, functions);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            functions.extend(names.map(str::to_owned));
            let told = text.split([' ', ',', ';', '\n']).filter(|word| word.starts_with("every_failure_of_"));
            functions.extend(told.map(str::to_owned));
        }
    }
}
