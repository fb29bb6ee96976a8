//! Where the crate `saga` is found: `::saga`, or the path given with `crate = path`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

/// The path of the crate.
#[derive(Clone, Default)]
pub(crate) struct Crate(Option<Path>);

impl Crate {
    pub(crate) fn of(given: Option<&Path>) -> Self {
        Self(given.cloned())
    }

    /// The path, such that a mistake in what follows it is reported at `span`.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.0 else { return quote_spanned!(span=> ::saga) };
        let place = |mut token: TokenTree| {
            token.set_span(token.span().located_at(span));
            token
        };
        path.to_token_stream().into_iter().map(place).collect()
    }
}

impl ToTokens for Crate {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            None => tokens.extend(quote!(::saga)),
            Some(path) => path.to_tokens(tokens),
        }
    }
}
