//! What the macros write, in full: `tests/expand/*.out.rs`. After a change: `BLESS=1 cargo test -p
//! saga-macros --lib`, and read the difference.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{File, Item, ItemFn, parse_quote};

/// Expands the attribute on the one function of `name.rs`, and compares with `name.out.rs`.
fn check(name: &str, expand: fn(TokenStream, TokenStream) -> TokenStream) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let written: File =
        syn::parse_str(&fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap()).unwrap();
    let mut expanded: File = parse_quote!();
    for item in written.items {
        match item {
            Item::Fn(mut function) => {
                let options = options(&mut function);
                let tokens = expand(options, function.into_token_stream());
                expanded.items.extend(syn::parse2::<File>(tokens).unwrap().items);
            }
            other => expanded.items.push(other),
        }
    }
    let text = prettyplease::unparse(&expanded);
    let file = folder.join(format!("{name}.out.rs"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&file).unwrap(), "{} is out of date", file.display());
}

fn options(function: &mut ItemFn) -> TokenStream {
    match function.attrs.pop().unwrap().meta {
        syn::Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    }
}

#[test]
fn a_step_is_written_out() {
    check("step", crate::step::expand);
}

#[test]
fn a_saga_is_written_out() {
    check("saga", crate::saga::expand);
}

#[test]
fn the_words_are_written_out() {
    check("words", crate::saga::expand);
}

#[test]
fn patterns_are_written_out() {
    check("patterns", crate::saga::expand);
}

#[test]
fn a_step_in_a_transaction_is_written_out() {
    check("transaction", crate::step::expand);
}

#[test]
fn what_a_saga_says_about_itself_is_written_out() {
    check("options", crate::saga::expand);
}

/// So an editor finds their documentation. That they are named at the user's own places is shown by the fixture
/// `words_of_another_crate`.
#[test]
fn every_word_of_the_language_is_named_as_an_item() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let text: String = ["saga", "words"]
        .map(|name| fs::read_to_string(folder.join(format!("{name}.out.rs"))).unwrap())
        .concat();
    for word in crate::saga::WORDS.into_iter().chain(["try_join"]) {
        assert!(text.contains(&format!("use ::saga::flow::{word};")), "no golden file names `{word}`");
    }
}
