//! `#[step]`

mod expand;
mod implement;
pub(crate) mod model;
pub(crate) mod params;
mod parse;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::{signature, stand_in};

pub(crate) use expand::adjust;
pub(crate) use model::Policy;
pub(crate) use validate::{borrowed_inside, more_than_nothing};

/// Reads, judges and expands. After a mistake the user's function stays, and a stand-in for the step, so that
/// one mistake gives one error.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = signature::not_a_function("step", &item, &error).to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let options = parse::options(options, &mut errors);
    signature::once(&mut function, &mut errors);
    let (function, params) = params::split(function);
    let stand_in = stand_in::step(&Crate::of(options.krate.as_ref()), &function, &params);
    let step = validate::step(options, function, &params, &mut errors);
    match errors.none_or(step) {
        Ok(step) => expand::step(&step),
        Err(errors) => quote!(#errors #stand_in),
    }
}

/// What `.with(..)` says of one call, in the words of a step's own options.
pub(crate) fn policy(options: TokenStream, with: &Ident, errors: &mut Errors) -> Option<Policy> {
    let mut inside = Errors::default();
    let read = parse::call_options(options, &mut inside);
    // What cannot be read has been told.
    let policy = inside.is_empty().then(|| validate::call(read, with, &mut inside));
    errors.append(inside);
    policy
}
