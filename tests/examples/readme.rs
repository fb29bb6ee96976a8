use std::path::Path;

#[test]
fn the_crate_outside_runs_the_readmes_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("../README.md")).unwrap();
    let consumer = std::fs::read_to_string(folder.join("consumer/src/main.rs")).unwrap();
    let block = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    // Lines that the README hides begin with `# `.
    let lines: Vec<_> = block.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    assert_eq!(consumer.trim_end(), lines.join("\n").trim_end());
}
