//! What is known of the types of a step or saga as JSON Schemas. Whether the feature `schema` is on is known to
//! `saga` only, and whether a type has a schema to the compiler only; what has none is not said.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::krate::Crate;

/// `fn schema()` of `Signature`. `returns` is where the return type stands: whatever is wrong with the output is
/// reported there already.
pub(crate) fn of_signature<T: ToTokens>(
    saga: &Crate,
    params: impl IntoIterator<Item = (String, T)>,
    returns: Span,
) -> TokenStream {
    let params = params.into_iter().map(|(key, ty)| {
        let read = read(saga, ty);
        quote!(.with(#key, #read))
    });
    let (at, import) = (saga.at(returns), import(saga));
    let output = quote_spanned! {returns=>
        #at::__private::SchemaOf::<<Self as #at::Signature>::Output>::written()
    };
    quote! {
        fn schema() -> #saga::step::StepSchema {
            #import
            #saga::step::StepSchema::default()
                #(#params)*
                .giving(#output)
        }
    }
}

/// The schema of what is read as this type. Its block needs the [`import`].
pub(crate) fn read(saga: &Crate, ty: impl ToTokens) -> TokenStream {
    quote!(#saga::__private::SchemaOf::<#ty>::read())
}

/// Answers for types that have no schema.
pub(crate) fn import(saga: &Crate) -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use #saga::__private::NoSchema as _;
    }
}
