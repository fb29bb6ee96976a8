//! Broken programs: whatever stands in them, a macro says what is wrong; it never panics. Every program of the
//! tests is taken apart into tokens, and some of these are lost, doubled, exchanged or put elsewhere.
//!
//! `PROPTEST_CASES=1000000 PROPTEST_RNG_SEED=7 cargo test -p saga-macros --lib --release fuzz` looks longer, and
//! elsewhere. What is found becomes a test by name.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use quote::ToTokens;
use syn::{Attribute, Item, parse_quote};

/// What a macro is given.
#[derive(Clone, Debug)]
struct Program {
    expand: fn(TokenStream, TokenStream) -> TokenStream,
    options: TokenStream,
    item: TokenStream,
}

impl Program {
    fn of(name: &str, attribute: Option<&Attribute>, item: TokenStream) -> Option<Self> {
        let expand = match name {
            "step" => crate::step::expand,
            "saga" => crate::saga::expand,
            "Resources" => |_, item| crate::resources::expand(item),
            _ => return None,
        };
        let options = match attribute.map(|a| &a.meta) {
            Some(syn::Meta::List(list)) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        Some(Self { expand, options, item })
    }

    fn text(&self) -> String {
        format!("#[…({})] {}", self.options, self.item)
    }

    /// Panics if the macro does, or if it says nothing about a function that it has not written out.
    fn judge(&self) {
        let written = (self.expand)(self.options.clone(), self.item.clone());
        if syn::parse2::<syn::ItemFn>(self.item.clone()).is_ok() {
            let error = syn::parse2::<syn::File>(written.clone()).err();
            assert!(error.is_none(), "{error:?} in what it wrote: {written}");
            assert!(!written.is_empty(), "it neither wrote nor said anything");
        }
    }
}

thread_local! {
    static PROGRAMS: Vec<Program> = programs();
}

/// The programs of the tests, right ones and wrong ones.
fn programs() -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = vec![folder.join("isp/mod.rs"), folder.join("strict.rs")];
    for part in ["ui", "expand", "it"] {
        files.extend(fs::read_dir(folder.join(part)).unwrap().map(|file| file.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "rs"));
    files.sort();
    let mut programs = vec![];
    for file in files {
        // Not all wrong programs are Rust.
        let Ok(file) = syn::parse_file(&fs::read_to_string(file).unwrap()) else { continue };
        programs.extend(file.items.into_iter().flat_map(of_item));
    }
    assert!(programs.len() > 100, "{} programs were found", programs.len());
    programs
}

/// One of them.
fn program(which: usize) -> Program {
    PROGRAMS.with(|all| all.get(which % all.len()).unwrap().clone())
}

fn of_item(mut item: Item) -> Vec<Program> {
    let attributes = match &mut item {
        Item::Fn(function) => &mut function.attrs,
        Item::Struct(fields) => &mut fields.attrs,
        Item::Mod(module) => {
            let inner = module.content.take().map(|(_, items)| items);
            return inner.into_iter().flatten().flat_map(of_item).collect();
        }
        _ => return vec![],
    };
    let ours = |a: &Attribute| {
        let last = a.path().segments.last()?.ident.to_string();
        let derives = last == "derive" && a.to_token_stream().to_string().contains("Resources");
        match derives {
            true => Some("Resources".to_owned()),
            false => matches!(last.as_str(), "step" | "saga").then_some(last),
        }
    };
    let Some((place, name)) = attributes.iter().enumerate().find_map(|(i, a)| Some((i, ours(a)?))) else {
        return vec![];
    };
    let attribute = attributes.remove(place);
    Program::of(&name, Some(&attribute), item.into_token_stream()).into_iter().collect()
}

/// What is done to a program. Places are counted over all tokens, groups included.
#[derive(Clone, Copy, Debug)]
enum Slip {
    Lost(usize),
    Doubled(usize),
    Swapped(usize, usize),
    Instead(usize, usize),
    /// A token of another program.
    Foreign(usize, usize),
    Unwrapped(usize),
    Wrapped(usize, u8),
}

fn slip() -> impl Strategy<Value = Slip> {
    let place = || 0..4_000_usize;
    prop_oneof![
        place().prop_map(Slip::Lost),
        place().prop_map(Slip::Doubled),
        (place(), place()).prop_map(|(a, b)| Slip::Swapped(a, b)),
        (place(), place()).prop_map(|(a, b)| Slip::Instead(a, b)),
        (place(), 0..1_000_000_usize).prop_map(|(a, b)| Slip::Foreign(a, b)),
        place().prop_map(Slip::Unwrapped),
        (place(), 0..3_u8).prop_map(|(a, b)| Slip::Wrapped(a, b)),
    ]
}

fn all(tokens: &TokenStream, into: &mut Vec<TokenTree>) {
    for token in tokens.clone() {
        if let TokenTree::Group(group) = &token {
            all(&group.stream(), into);
        }
        into.push(token);
    }
}

/// The tokens with another one, or none, or several, at one place.
fn replace(
    tokens: &TokenStream,
    left: &mut usize,
    place: usize,
    by: &dyn Fn(TokenTree) -> TokenStream,
) -> TokenStream {
    let mut out = TokenStream::new();
    for token in tokens.clone() {
        let token = match token {
            TokenTree::Group(group) => {
                let inner = replace(&group.stream(), left, place, by);
                let mut same = Group::new(group.delimiter(), inner);
                same.set_span(group.span());
                TokenTree::Group(same)
            }
            other => other,
        };
        match *left == place {
            true => out.extend(by(token)),
            false => out.extend([token]),
        }
        *left += 1;
    }
    out
}

fn apply(slip: Slip, tokens: &TokenStream) -> TokenStream {
    let mut flat = vec![];
    all(tokens, &mut flat);
    if flat.is_empty() {
        return tokens.clone();
    }
    let at = |place: usize| place % flat.len();
    let put = |place: usize, by: &dyn Fn(TokenTree) -> TokenStream| replace(tokens, &mut 0, at(place), by);
    let one = |place: usize| flat.get(at(place)).unwrap().clone().into_token_stream();
    match slip {
        Slip::Lost(place) => put(place, &|_| TokenStream::new()),
        Slip::Doubled(place) => put(place, &|t| [t.clone(), t].into_iter().collect()),
        Slip::Swapped(a, b) => {
            let (first, second) = (one(a), one(b));
            let swapped = put(a, &|_| second.clone());
            replace(&swapped, &mut 0, at(b), &|_| first.clone())
        }
        Slip::Instead(a, b) => put(a, &|_| one(b)),
        Slip::Foreign(place, which) => {
            let program = program(which);
            let mut other = vec![];
            all(&program.item, &mut other);
            let token = other.get(which / 7 % other.len()).unwrap().clone();
            put(place, &|_| token.clone().into_token_stream())
        }
        Slip::Unwrapped(place) => put(place, &|t| match t {
            TokenTree::Group(group) => group.stream(),
            other => other.into(),
        }),
        Slip::Wrapped(place, how) => {
            let how = match how {
                0 => Delimiter::Parenthesis,
                1 => Delimiter::Brace,
                _ => Delimiter::Bracket,
            };
            put(place, &|t| TokenTree::Group(Group::new(how, t.into())).into())
        }
    }
}

fn broken(which: usize, in_options: bool, slips: &[Slip]) -> Program {
    let mut program = program(which);
    for slip in slips {
        let part = if in_options { &mut program.options } else { &mut program.item };
        *part = apply(*slip, part);
    }
    program
}

/// The same programs in every run, so that a change is judged by itself.
fn config() -> ProptestConfig {
    let base = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_RNG_SEED") {
        Some(_) => base,
        None => ProptestConfig { cases: base.cases.max(20_000), rng_seed: RngSeed::Fixed(1), ..base },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_broken_program_is_told_and_never_panics(
        which in 0..10_000_usize,
        in_options in prop::bool::weighted(0.2),
        slips in prop::collection::vec(slip(), 1..4),
    ) {
        let program = broken(which, in_options, &slips);
        let judged = std::panic::catch_unwind(AssertUnwindSafe(|| program.judge()));
        prop_assert!(judged.is_ok(), "this program makes the macro fail:\n{}", program.text());
    }
}

#[test]
fn every_program_of_the_tests_is_judged_as_it_stands() {
    PROGRAMS.with(|all| all.iter().for_each(Program::judge));
}

#[test]
fn what_is_no_function_is_told() {
    for item in [
        quote::quote!(),
        quote::quote!(
            struct S;
        ),
        quote::quote!(fn),
        quote::quote!(async fn f(;) {}),
    ] {
        for expand in [crate::step::expand, crate::saga::expand] {
            assert!(expand(TokenStream::new(), item.clone()).to_string().contains("compile_error"));
        }
    }
    let none: Attribute = parse_quote!(#[other]);
    assert!(Program::of("other", Some(&none), TokenStream::new()).is_none());
}
