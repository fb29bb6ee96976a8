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
    /// What people write for one of them, and mean.
    pub(crate) meant: &'static [(&'static str, &'static str)],
}

impl Known {
    /// How the option is written.
    fn form(&self, key: &Ident) -> Option<&'static str> {
        self.names.iter().copied().find(|form| key == word_of(form))
    }

    /// The option that was probably meant.
    fn meant_by(&self, key: &Ident) -> Option<&'static str> {
        let written = key.unraw().to_string().to_lowercase();
        if let Some((_, meant)) = self.meant.iter().find(|(word, _)| *word == written) {
            return Some(meant);
        }
        closest(&written, self.names.iter().copied(), word_of)
    }
}

/// `timeout = ".."` -> `timeout`
fn word_of(form: &str) -> &str {
    form.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The candidate whose word is spelt almost like the one that was written.
pub(crate) fn closest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
    word: fn(&str) -> &str,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(written, word(candidate)), candidate))
        .filter(|(distance, candidate)| distance * 3 <= word(candidate).len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
    let Known { of, names, .. } = known;
    let listed = || format!("the options of {of} are {}", list(names));
    if !input.peek(Ident::peek_any) {
        return Err(input.error(format!("this is not an option; {}", listed())));
    }
    let key = input.call(Ident::parse_any)?;
    let Some(result) = read(&key, input) else {
        let meant = known.meant_by(&key).map(|form| format!(", did you mean `{form}`")).unwrap_or_default();
        let question = if meant.is_empty() { "; " } else { "? " };
        let listed = if meant.is_empty() { listed() } else { listed().replacen("the", "The", 1) };
        return Err(syn::Error::new(key.span(), format!("unknown option `{key}`{meant}{question}{listed}")));
    };
    let form = known.form(&key);
    result.map_err(|e| in_words(&e, &key, form))?;
    if !input.is_empty() && !input.peek(Token![,]) {
        let takes_no_value = form.is_some_and(|form| key == form);
        return Err(input.error(match input.peek(Token![=]) || input.peek(syn::token::Paren) {
            true if takes_no_value => format!("`{key}` takes no value: write `{key}`"),
            _ => format!("expected `,` after the option `{key}`"),
        }));
    }
    if given.contains(&key) {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
    }
    given.push(key);
    Ok(())
}

/// What a parser says that knows only tokens, with how the option is written.
fn in_words(error: &syn::Error, key: &Ident, form: Option<&str>) -> syn::Error {
    let said = error.to_string();
    match form {
        Some(form) if said.starts_with("expected") || said.starts_with("unexpected") => {
            syn::Error::new(error.span(), format!("`{key}` is written `{form}`"))
        }
        _ => error.clone(),
    }
}

/// What stands in the parentheses. It is taken out whole, so that a mistake in it is told once.
pub(crate) fn inside(input: ParseStream) -> syn::Result<TokenStream> {
    let inner;
    syn::parenthesized!(inner in input);
    inner.parse()
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
    let one = |inner: ParseStream| {
        let length = inner.parse()?;
        if inner.is_empty() { Ok(length) } else { Err(inner.error("write one length of time")) }
    };
    into.get_or_insert(one.parse2(inside(input)?)?);
    Ok(())
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
            return Err(
                input.error("write a length of time in quotes: \"200ms\", \"10s\", \"5m\", \"2h\" or \"1d\"")
            );
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
