//! The syntax of `#[saga(..)]`.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitInt, LitStr, Path, Token, Type};

use crate::diagnostics::Errors;
use crate::options::{self, Known, Length};

/// What stands in the brackets.
#[derive(Default)]
pub(super) struct Options {
    pub(super) krate: Option<Path>,
    pub(super) name: Option<LitStr>,
    pub(super) version: Option<LitInt>,
    pub(super) resources: Option<Type>,
    pub(super) on_failure: Option<Ident>,
    pub(super) deadline: Option<Length>,
    pub(super) locks: Option<Vec<(Ident, Expr)>>,
}

const SAGA: Known = Known {
    of: "a saga",
    names: &[
        "version = 1",
        "name = \"..\"",
        "resources = Type",
        "on_failure = park",
        "deadline = \"1h\"",
        "locks(name = &request.name)",
        "crate = path",
    ],
    meant: &[
        ("lock", "locks(name = &request.name)"),
        ("exclusive", "locks(name = &request.name)"),
        ("timeout", "deadline = \"1h\""),
        ("failure", "on_failure = park"),
        ("park", "on_failure = park"),
        ("backward", "on_failure = backward"),
        ("context", "resources = Type"),
        ("state", "resources = Type"),
        ("id", "name = \"..\""),
    ],
};

/// Reads the options of a saga.
pub(super) fn options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut all = Options::default();
    options::parse(tokens, &SAGA, errors, |key, input| {
        Some(match key.to_string().as_str() {
            "name" => options::value(input, &mut all.name),
            "version" => options::value(input, &mut all.version),
            "resources" => options::value(input, &mut all.resources),
            "on_failure" => options::value(input, &mut all.on_failure),
            "deadline" => options::value(input, &mut all.deadline),
            "locks" => locks(input, &mut all.locks),
            "crate" => options::path(input, &mut all.krate),
            _ => return None,
        })
    });
    all
}

/// `(onu_serial = &request.onu_serial, ..)`
fn locks(input: ParseStream, into: &mut Option<Vec<(Ident, Expr)>>) -> syn::Result<()> {
    let one = |input: ParseStream| {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok((name, input.parse()?))
    };
    let all = |inner: ParseStream| Punctuated::<_, Token![,]>::parse_terminated_with(inner, one);
    let all = all.parse2(options::inside(input)?)?;
    into.get_or_insert(all.into_iter().collect());
    Ok(())
}
