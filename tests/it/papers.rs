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

#[test]
fn every_mistake_that_the_guide_explains_is_a_program_of_which_the_compiler_says_that() {
    let guide = fs::read_to_string(root().join("saga/src/docs/guide/mistakes.md")).unwrap();
    let rows: Vec<Vec<_>> = guide
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 8, "the table is gone");
    for row in rows {
        let program = row[3].trim_matches('`');
        let told = root().join(format!("saga-macros/tests/ui/{program}.stderr"));
        let told = fs::read_to_string(&told).unwrap_or_else(|error| panic!("{}: {error}", told.display()));
        // A code, or the words themselves up to the first comma; and what it proposes.
        let code =
            row[1].strip_prefix("`E").map(|rest| format!("error[E{}]", rest.split('`').next().unwrap()));
        let words = code.unwrap_or_else(|| row[1].split(',').next().unwrap().to_owned());
        assert!(told.contains(&words), "{program} is told nothing of {words}: {told}");
        if let Some((_, help)) = row[1].split_once("help: `") {
            let help = help.trim_end_matches('`');
            assert!(told.contains(help), "{program} is not told to write {help}: {told}");
        }
    }
}

#[test]
fn every_link_of_the_papers_leads_somewhere_and_the_tests_that_they_name_stand_there() {
    for paper in [
        "README.md",
        "ARCHITECTURE.md",
        "DESIGN.md",
        "CONTRIBUTING.md",
        "docs/forms.md",
        "docs/peers.md",
        "docs/findings.md",
    ] {
        let folder = root().join(paper).parent().unwrap().to_owned();
        let text = fs::read_to_string(root().join(paper)).unwrap();
        for (words, target) in links(&text) {
            let Some(file) =
                target.split('#').next().filter(|file| !file.is_empty() && !file.contains("://"))
            else {
                continue;
            };
            let there = folder.join(file);
            assert!(there.exists(), "{paper} leads to {file}, which is not there");
            if let Some(name) = words.strip_prefix('`').and_then(|words| words.strip_suffix('`'))
                && file.ends_with(".rs")
            {
                let code = fs::read_to_string(there).unwrap();
                assert!(code.contains(&format!("fn {name}(")), "{paper} says that {name} stands in {file}");
            }
        }
    }
}

#[test]
fn every_guarantee_has_its_tests() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for number in 1..=15 {
        let row = format!("\n| {number} | [`");
        assert!(architecture.contains(&row), "ARCHITECTURE.md names no test for guarantee {number}");
        assert!(
            readme.contains(&format!("\n| [{number}](")),
            "the README has no link for guarantee {number}"
        );
    }
}

/// What stands in brackets, and where it leads.
fn links(text: &str) -> Vec<(&str, &str)> {
    let ends = text.match_indices("](");
    let link = |(at, _): (usize, &str)| {
        let begin = text[..at].rfind('[')?;
        let end = at + text[at..].find(')')?;
        Some((&text[begin + 1..at], &text[at + 2..end]))
    };
    ends.filter_map(link).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Looks for the tests that the last column of the paper's tables names; answers how many rows there are.
fn check(paper: &str) -> usize {
    let table = fs::read_to_string(root().join(paper)).unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let mut functions = BTreeSet::new();
    for folder in ["saga", "saga-macros", "saga-sqlx", "isp-provisioning", "tests"] {
        collect(&root().join(folder), &mut functions);
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
