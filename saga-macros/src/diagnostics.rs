//! Errors are collected, so that one compilation shows all of them.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Something is wrong with these tokens.
    pub(crate) fn at(&mut self, place: impl ToTokens, words: impl Display) {
        self.push(syn::Error::new_spanned(place, words));
    }

    /// Something is wrong.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            None => self.0 = Some(error),
            Some(first) => first.combine(error),
        }
    }

    /// Is nothing wrong so far?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Takes over the errors of a part.
    pub(crate) fn append(&mut self, part: Self) {
        if let Some(error) = part.0 {
            self.push(error);
        }
    }

    /// Keeps the error and goes on without the value.
    pub(crate) fn ok<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|e| self.push(e)).ok()
    }

    /// The value, if nothing was wrong.
    pub(crate) fn none_or<T>(self, value: Option<T>) -> Result<T, TokenStream> {
        match (self.0, value) {
            (None, Some(value)) => Ok(value),
            (Some(error), _) => Err(error.to_compile_error()),
            // Whoever gives no value has said why.
            (None, None) => Err(TokenStream::new()),
        }
    }
}
