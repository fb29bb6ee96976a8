//! What stands in for a step or saga that was rejected, so that its users are checked without follow-up
//! errors. It compiles and is never run: the error stops the build.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, ItemFn, PatType, ReturnType, Signature, Type};

use crate::krate::Crate;
use crate::step::borrowed_inside;
use crate::step::model::Role;
use crate::step::params::Written;

/// The user's function, and a step of that name.
pub(crate) fn step(saga: &Crate, function: &ItemFn, params: &[Written]) -> TokenStream {
    if params.iter().any(|p| matches!(p.argument, FnArg::Receiver(_))) {
        // Inside an `impl` there is no place for the rest.
        return quote!(#[allow(unused, clippy::all)] #function);
    }
    let data = params.iter().filter_map(Written::read).filter(|p| matches!(p.role, Role::Data(_)));
    let arguments = data.map(|p| {
        let (name, ty) = (p.name, p.ty);
        quote!(#name: #ty)
    });
    let marker = marker(saga, function, arguments);
    quote! {
        #[allow(unused, clippy::all)]
        #function
        #marker
    }
}

/// A function that makes start requests, and a saga of that name.
pub(crate) fn saga(saga: &Crate, function: &ItemFn) -> TokenStream {
    if function.sig.receiver().is_some() {
        return quote!(#[allow(unused, clippy::all)] #function);
    }
    let (name, vis) = (&function.sig.ident, &function.vis);
    let without_marks = |input: &FnArg| match input {
        FnArg::Typed(typed) => Some(PatType { attrs: vec![], ..typed.clone() }),
        FnArg::Receiver(_) => None,
    };
    let inputs: Vec<_> = function.sig.inputs.iter().filter_map(without_marks).collect();
    let marker = marker(saga, function, inputs.iter().map(ToTokens::to_token_stream));
    let generics = &function.sig.generics;
    quote! {
        #[allow(unused, clippy::all)]
        #vis fn #name #generics (#(#inputs),*) -> #saga::Start<#name> { loop {} }
        #marker
        #[allow(unused, clippy::all)]
        impl #name {
            #vis fn definition<R>() -> #saga::Definition<R> { loop {} }
        }
    }
}

fn marker(saga: &Crate, function: &ItemFn, arguments: impl Iterator<Item = TokenStream>) -> TokenStream {
    let Signature { ident: name, generics, output, .. } = &function.sig;
    let vis = &function.vis;
    // Without a return type there is nothing to stand in for, and one that cannot be named here is as good as none.
    let output = match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => None,
        ReturnType::Type(_, ty) if !generics.params.is_empty() || borrowed_inside(ty).is_some() => {
            Some(quote!(()))
        }
        ReturnType::Type(_, ty) => {
            Some(quote!(<<#ty as #saga::step::StepResult>::Ok as #saga::step::Journaled>::Output))
        }
    };
    let signature = output.map(|output| {
        quote! {
            impl #saga::Signature for #name {
                type Output = #output;
                const META: &'static #saga::Meta = &#saga::Meta::new("", #saga::Class::Retriable);
            }
            impl<R> #saga::Callable<R> for #name {
                fn erased() -> #saga::step::Callee<R> { loop {} }
            }
        }
    });
    quote! {
        #[allow(unused, non_camel_case_types, missing_docs)]
        #vis enum #name {}
        #[allow(unused, missing_docs, clippy::all)]
        impl #name {
            #vis fn args #generics (#(#arguments),*) -> #saga::Result<#saga::Args<Self>> { loop {} }
        }
        #signature
    }
}
