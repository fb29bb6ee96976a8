//! `#[saga]`

mod advice;
mod expand;
mod expression;
mod forms;
mod hash;
mod hoist;
mod lower;
mod mistake;
mod model;
mod names;
mod order;
mod parse;
mod read;
mod spelling;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::{signature, stand_in};

#[cfg(test)]
pub(crate) use forms::WORDS;

/// Reads, judges and expands. After a mistake a stand-in stays, so that one mistake gives one error.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = signature::not_a_function("saga", &item, &error).to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let options = parse::options(options, &mut errors);
    signature::once(&mut function, &mut errors);
    let stand_in = stand_in::saga(&Crate::of(options.krate.as_ref()), &function);
    let saga = validate::saga(options, function, &mut errors);
    match errors.none_or(saga) {
        Ok(saga) => expand::saga(&saga),
        Err(errors) => quote!(#errors #stand_in),
    }
}
