//! What the author wrote above an item, for what is generated in its place, or beside it.

use syn::{Attribute, parse_quote};

/// The doc comments among `attributes`; or, where there are none, these words.
pub(crate) fn docs(attributes: &[Attribute], otherwise: &str) -> Vec<Attribute> {
    let written: Vec<_> = attributes.iter().filter(|a| a.path().is_ident("doc")).cloned().collect();
    if written.is_empty() { vec![parse_quote!(#[doc = #otherwise])] } else { written }
}

/// The attributes that set lints.
pub(crate) fn lints(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_lint =
        |a: &&Attribute| ["allow", "warn", "deny", "forbid"].iter().any(|name| a.path().is_ident(name));
    attributes.iter().filter(is_lint).cloned().collect()
}
