//! What the author wrote above an item, for what is generated in its place, or beside it.

use syn::{Attribute, parse_quote};

/// The doc comments among `attributes`; or, where there are none, these words.
pub(crate) fn docs(attributes: &[Attribute], otherwise: &str) -> Vec<Attribute> {
    let written: Vec<_> = attributes.iter().filter(|a| a.path().is_ident("doc")).cloned().collect();
    if written.is_empty() { vec![parse_quote!(#[doc = #otherwise])] } else { written }
}

/// Takes off what the compiler does not know on a parameter: marks for the macro, and mistakes.
pub(crate) fn take_marks(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    const RUST: [&str; 7] = ["allow", "cfg", "cfg_attr", "deny", "expect", "forbid", "warn"];
    let (rust, marks) = attributes.drain(..).partition(|a| RUST.iter().any(|name| a.path().is_ident(name)));
    *attributes = rust;
    marks
}

/// The attributes that set lints.
pub(crate) fn lints(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_lint =
        |a: &&Attribute| ["allow", "warn", "deny", "forbid"].iter().any(|name| a.path().is_ident(name));
    attributes.iter().filter(is_lint).cloned().collect()
}
