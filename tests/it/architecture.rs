//! Who may import whom: the `use` lines, and every `crate::…` path, against a table.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What one module may use of its own crate, and of other crates.
struct Rule {
    module: &'static str,
    /// Modules of the same crate, or single paths in them.
    may_use: &'static [&'static str],
    /// Paths of other crates, by their beginnings.
    never: &'static [&'static str],
}

const fn rule(
    module: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static str],
) -> Rule {
    Rule { module, may_use, never }
}

const WORDS: [&str; 7] = ["clock", "error", "failure", "id", "json", "retry", "tx"];
/// What reads clocks, waits or runs.
const WORLD: &[&str] = &[
    "tokio::time",
    "tokio::task",
    "tokio::runtime",
    "tokio::spawn",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The core. Words may use words; `tokio::sync` is channels and locks, which know no time.
const CORE: &[Rule] = &[
    rule("clock", &[], &["tokio"]),
    rule("error", &[], &["tokio"]),
    rule("failure", &[], &["tokio"]),
    rule("id", &[], &["tokio"]),
    rule("json", &[], &["tokio"]),
    rule("retry", &["id"], &["tokio"]),
    rule("tx", &[], &["tokio"]),
    rule("mutants", &[], &["tokio"]),
    // The one circle: a saga can be called like a step, so the erased callee may be a definition.
    rule("step", &["definition::Definition"], WORLD),
    rule("definition", &["step"], &["tokio", "async_trait"]),
    rule("seal", &[], &["tokio"]),
    rule("flow", &["step"], &["tokio"]),
    rule("store", &[], &["tokio::task", "tokio::runtime", "tokio::spawn", "std::thread"]),
    rule(
        "machine",
        &["step", "definition", "store"],
        &[
            "tokio",
            "futures_util",
            "async_trait",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "fastrand",
            "jiff",
        ],
    ),
    rule("engine", &["seal", "step", "definition", "store", "machine"], &[]),
    rule("testing", &["step", "definition", "store", "machine", "engine"], &[]),
    rule("private", &["step", "definition", "store"], WORLD),
];

/// The product.
const PRODUCT: &[Rule] = &[
    rule("domain", &[], &["saga", "sqlx", "axum", "reqwest", "tonic", "tokio"]),
    rule("ports", &["domain"], &["saga::", "saga_sqlx", "sqlx", "axum", "reqwest", "tonic"]),
    rule("steps", &["domain", "ports", "secret"], &["saga_sqlx", "sqlx", "axum", "reqwest", "tonic"]),
    rule("workflow", &["domain", "ports", "steps"], &["saga_sqlx", "sqlx", "axum", "reqwest", "tonic"]),
    rule("adapters", &["domain", "ports", "secret"], &["saga::", "axum"]),
    // The messages of a protocol are the same on both of its ends.
    rule("simulators", &["adapters::voltha::wire"], &["saga", "sqlx", "reqwest"]),
    rule("api", &["domain", "ports", "workflow", "config"], &["sqlx", "saga_sqlx", "reqwest", "tonic"]),
];

#[test]
fn every_module_of_the_core_uses_only_those_above_it() {
    check("saga", CORE, &WORDS, Strict::Yes);
}

#[test]
fn every_module_of_the_product_uses_only_what_it_may_see() {
    check("isp-provisioning", PRODUCT, &[], Strict::No);
}

#[test]
fn the_machine_is_pure() {
    for file in sources("saga", "machine").into_iter().filter(|f| !f.path.contains("tests")) {
        for word in ["async ", ".await", "dyn Store", "MemoryStore", "unsafe"] {
            assert!(!file.code.contains(word), "`{word}` in {}", file.path);
        }
    }
}

#[test]
fn the_sql_stores_know_nothing_of_engines_and_definitions() {
    for file in sources("saga-sqlx", "") {
        for used in &file.uses {
            let never =
                ["saga::engine", "saga::definition", "saga::Engine", "saga::Definition", "saga::SagaBuilder"];
            let is = |path: &&str| used == path || used.starts_with(&format!("{path}::"));
            assert!(!never.iter().any(is), "{} uses {used}", file.path);
        }
    }
}

#[derive(PartialEq)]
enum Strict {
    /// Every module has a rule.
    Yes,
    No,
}

fn check(package: &str, rules: &[Rule], everywhere: &[&str], strict: Strict) {
    let files = sources(package, "");
    assert!(!files.is_empty(), "{package} has no sources here");
    let mut wrong = vec![];
    for file in &files {
        let Some(module) = file.module.first() else { continue };
        let Some(rule) = rules.iter().find(|rule| rule.module == module) else {
            assert!(strict == Strict::No, "{}: give the module `{module}` a rule in this test", file.path);
            continue;
        };
        let known: BTreeSet<_> = files.iter().filter_map(|f| f.module.first()).map(String::as_str).collect();
        for used in &file.uses {
            if let Some(inner) = used.strip_prefix("crate::") {
                let other = inner.split("::").next().unwrap_or_default();
                let listed = |may: &&str| inner == *may || inner.starts_with(&format!("{may}::"));
                let allowed =
                    other == module || everywhere.contains(&other) || rule.may_use.iter().any(listed);
                if known.contains(other) && !allowed {
                    wrong.push(format!("{}: `{module}` may not use `{used}`", file.path));
                }
            } else if rule.never.iter().any(|never| used.starts_with(never)) {
                wrong.push(format!("{}: `{module}` may not use `{used}`", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

struct Source {
    path: String,
    /// Where it stands, without the crate: `["engine", "driver"]`.
    module: Vec<String>,
    code: String,
    /// Full paths, `crate::…` for those of its own crate.
    uses: BTreeSet<String>,
}

fn sources(package: &str, under: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join("src");
    let mut files = vec![];
    collect(&root.join(under), &mut files);
    files.iter().map(|file| read(&root, file)).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, into);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            into.push(entry);
        }
    }
}

fn read(root: &Path, file: &Path) -> Source {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let mut module: Vec<String> = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let text = fs::read_to_string(file).unwrap();
    let code: String = text.lines().map(|line| format!("{}\n", line.split("//").next().unwrap())).collect();
    let mut uses = BTreeSet::new();
    for statement in statements(&code) {
        for path in flatten(&statement) {
            uses.insert(resolve(&path, &module));
        }
    }
    for head in ["crate::", "tokio::"] {
        for (at, _) in code.match_indices(head) {
            let path: String =
                code[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            uses.insert(path.trim_end_matches(':').to_owned());
        }
    }
    Source { path: file.display().to_string(), module, code, uses }
}

/// The trees of all `use` statements.
fn statements(code: &str) -> Vec<String> {
    let mut found = vec![];
    for line_start in code.match_indices("use ").map(|(at, _)| at) {
        let line = &code[code[..line_start].rfind('\n').map_or(0, |n| n + 1)..line_start];
        let is_statement = line.trim().is_empty() || line.trim().starts_with("pub");
        let end = code[line_start..].find(';');
        if let (true, Some(end)) = (is_statement, end) {
            found.push(
                code[line_start + 4..line_start + end].split_whitespace().collect::<Vec<_>>().join(" "),
            );
        }
    }
    found
}

/// `a::{b, c::{d, e as f}}` as `a::b`, `a::c::d`, `a::c::e`.
fn flatten(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let (head, body) = (&tree[..open], tree[open + 1..].rsplit_once('}').unwrap().0);
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&body[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&body[start..]);
    let inner = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    inner.flat_map(flatten).map(|part| format!("{}{part}", head.trim())).collect()
}

fn resolve(path: &str, module: &[String]) -> String {
    let mut at = module.to_vec();
    let mut rest = path;
    let mut local = false;
    while let Some(inner) = rest.strip_prefix("super::").or_else(|| rest.strip_prefix("self::")) {
        if rest.starts_with("super::") {
            at.pop();
        }
        (rest, local) = (inner, true);
    }
    if local {
        format!("crate::{}", at.into_iter().chain([rest.to_owned()]).collect::<Vec<_>>().join("::"))
    } else {
        path.to_owned()
    }
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let flat = flatten("a::{b, c::{d as x, e}, self}");
    assert_eq!(flat, ["a::b", "a::c::d", "a::c::e", "a::self"]);
    let module = ["engine".to_owned(), "driver".to_owned()];
    assert_eq!(resolve("super::super::store::Commit", &module), "crate::store::Commit");
    assert_eq!(resolve("super::live::Live", &module), "crate::engine::live::Live");
    assert_eq!(resolve("saga::Engine", &module), "saga::Engine");
}
