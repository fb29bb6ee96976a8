//! The options of an attribute: `word`, `key = value`, `key(..)`, separated by commas.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitStr, Path, Token};

use crate::diagnostics::Errors;

/// Whose options, and which there are.
pub(crate) struct Known {
    /// "a step"
    pub(crate) of: &'static str,
    /// How each is written.
    pub(crate) names: &'static [&'static str],
}

/// Reads options until the end. `read` takes the value of a key; `None`: it does not know it.
pub(crate) fn parse(
    options: TokenStream,
    known: &Known,
    errors: &mut Errors,
    read: impl FnMut(&Ident, ParseStream) -> Option<syn::Result<()>>,
) {
    let mut read = read;
    let all = |input: ParseStream| {
        let mut given = vec![];
        while !input.is_empty() {
            errors.ok(one(input, known, &mut given, &mut read));
            // After an error: on with the next option.
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let result = all.parse2(options);
    errors.ok(result);
}

fn one(
    input: ParseStream,
    known: &Known,
    given: &mut Vec<Ident>,
    read: &mut impl FnMut(&Ident, ParseStream) -> Option<syn::Result<()>>,
) -> syn::Result<()> {
    let Known { of, names } = known;
    let listed = || format!("the options of {of} are {}", list(names));
    if !input.peek(Ident::peek_any) {
        return Err(input.error(format!("expected an option; {}", listed())));
    }
    let key = input.call(Ident::parse_any)?;
    let Some(result) = read(&key, input) else {
        return Err(syn::Error::new(key.span(), format!("unknown option `{key}`; {}", listed())));
    };
    result?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error(format!("expected `,` after the option `{key}`")));
    }
    if given.contains(&key) {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
    }
    given.push(key);
    Ok(())
}

/// `` `a`, `b` ``
fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `= value`
pub(crate) fn value<T: Parse>(input: ParseStream, into: &mut Option<T>) -> syn::Result<()> {
    input.parse::<Token![=]>()?;
    into.get_or_insert(input.parse()?);
    Ok(())
}

/// `= "10s"`, or `("10s")` as in a call.
pub(crate) fn length(input: ParseStream, into: &mut Option<Length>) -> syn::Result<()> {
    if !input.peek(syn::token::Paren) {
        return value(input, into);
    }
    let inner;
    syn::parenthesized!(inner in input);
    into.get_or_insert(inner.parse()?);
    if inner.is_empty() { Ok(()) } else { Err(inner.error("write one length of time")) }
}

/// `= path`, where the crate is found (`saga` under another name).
pub(crate) fn path(input: ParseStream, into: &mut Option<Path>) -> syn::Result<()> {
    input.parse::<Token![=]>()?;
    into.get_or_insert(input.call(Path::parse_mod_style)?);
    Ok(())
}

/// A length of time, spelt `"200ms"`, `"10s"`, `"5m"`, `"2h"` or `"1d"`.
#[derive(Clone)]
pub(crate) struct Length {
    pub(crate) time: Duration,
    pub(crate) text: LitStr,
}

impl Parse for Length {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if !input.peek(LitStr) {
            return Err(input.error("write a length of time in quotes, like \"200ms\" or \"10s\""));
        }
        let text: LitStr = input.parse()?;
        let spelt = text.value();
        let (number, unit) = spelt.split_at(spelt.find(|c: char| !c.is_ascii_digit()).unwrap_or(spelt.len()));
        let milliseconds = match unit {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60 * 1000),
            "h" => Some(60 * 60 * 1000),
            "d" => Some(24 * 60 * 60 * 1000),
            _ => None,
        };
        let time =
            milliseconds.zip(number.parse().ok()).and_then(|(unit, n): (u64, u64)| unit.checked_mul(n));
        match time.map(Duration::from_millis) {
            Some(time) => Ok(Self { time, text }),
            None => Err(syn::Error::new(
                text.span(),
                format!(
                    "`{spelt}` is not a length of time: write a whole number and a unit, like \"200ms\", \
                     \"10s\", \"5m\", \"2h\" or \"1d\""
                ),
            )),
        }
    }
}

impl ToTokens for Length {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let ms = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        tokens.extend(quote!(::core::time::Duration::from_millis(#ms)));
    }
}
