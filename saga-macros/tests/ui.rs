//! Every mistake has a fixture of its name in `ui/`, with what its author is told. After a change of words:
//! `TRYBUILD=overwrite cargo test -p saga-macros --test ui`, and read the difference.

#[test]
fn mistakes_are_told_in_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
