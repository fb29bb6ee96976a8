//! What the author wrote above an item, for what is generated beside it.

use syn::{Attribute, parse_quote};

/// The doc comments among `attributes`; or, where there are none, these words.
pub(crate) fn of(attributes: &[Attribute], otherwise: &str) -> Vec<Attribute> {
    let written: Vec<_> = attributes.iter().filter(|a| a.path().is_ident("doc")).cloned().collect();
    if written.is_empty() { vec![parse_quote!(#[doc = #otherwise])] } else { written }
}
