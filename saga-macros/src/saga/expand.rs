//! What a saga becomes: a function that makes start requests, and beside it, in the namespace of types, an
//! enum of the same name with the saga's definition. A person could write every line of it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::lower::{self, plain};
use super::model::Saga;
use super::names::Names;
use super::order::{self, Order};

pub(super) fn saga(saga: &Saga) -> TokenStream {
    let mut names = Names::new(&saga.krate);
    let Order { steps, checks, .. } = order::check(saga, &mut names);
    let (function, marker) = (function(saga), marker(saga));
    let definition = definition(saga, &steps, &checks, &mut names);
    let signature = signature(saga, &steps);
    let names = names.declare();
    quote! {
        #function
        #marker
        const _: () = {
            #names
            #definition
            #signature
        };
    }
}

/// `fn provision_subscriber(request) -> Start<provision_subscriber>`
fn function(saga: &Saga) -> TokenStream {
    let Saga { krate, function, vis, docs, input, input_type, .. } = saga;
    quote! {
        #(#docs)*
        #[allow(dead_code, unreachable_pub, clippy::needless_pass_by_value)]
        #[must_use = "a start request does nothing until it is given to an engine"]
        #vis fn #function(#input: #input_type) -> #krate::Start<#function> {
            #krate::Start::new(&#input)
        }
    }
}

fn marker(saga: &Saga) -> TokenStream {
    let Saga { function, vis, docs, .. } = saga;
    quote! {
        #(#docs)*
        #[allow(
            non_camel_case_types,
            dead_code,
            unreachable_pub,
            missing_copy_implementations,
            missing_debug_implementations,
            clippy::empty_enums
        )]
        #vis enum #function {}
    }
}

/// `provision_subscriber::definition()`
fn definition(saga: &Saga, steps: &[Ident], checks: &TokenStream, names: &mut Names) -> TokenStream {
    let Saga { krate, function, vis, name, version, input, input_type, lints, .. } = saga;
    let builder = Ident::new("builder", Span::mixed_site());
    let body = lower::body(saga, &builder, names);
    let key = plain(input);
    let parks = saga.parks.then(|| quote!(#builder.on_failure(#krate::OnFailure::Park);));
    let deadline = saga.deadline.as_ref().map(|d| quote!(#builder.deadline(#d);));
    let (generics, resources, clause) = match &saga.resources {
        Some(resources) => (quote!(), resources.to_token_stream(), quote!()),
        None => {
            let resources = Ident::new("__R", Span::mixed_site());
            let steps = distinct(steps);
            (
                quote!(<#resources>),
                quote!(#resources),
                quote!(where #resources: ::core::marker::Sync + 'static, #(#steps: #krate::Callable<#resources>),*),
            )
        }
    };
    quote! {
        // `let x = f(..)?;` becomes a closure of its own, in which the `?` is a person's and not superfluous.
        #[allow(
            dead_code,
            private_bounds,
            unreachable_pub,
            clippy::needless_pass_by_value,
            clippy::needless_question_mark
        )]
        impl #function {
            /// The journaled argument of one call of this saga.
            ///
            /// # Errors
            /// When it cannot be written as JSON.
            #vis fn args(#input: #input_type) -> #krate::Result<#krate::Args<Self>> {
                #krate::__private::Fields::of::<Self>().with(#key, &#input)?.args()
            }

            /// The plan of this saga, and the code behind it.
            #[must_use]
            #(#lints)*
            #vis fn definition #generics () -> #krate::Definition<#resources> #clause {
                #checks
                let mut #builder = #krate::SagaBuilder::<#resources, #input_type>::new(#name, #version);
                #parks
                #deadline
                #[allow(unused_variables)]
                let #input = #builder.input();
                #body
            }
        }
    }
}

/// `impl Signature`: the type of the output, for handles of running workflows.
fn signature(saga: &Saga, steps: &[Ident]) -> TokenStream {
    let Saga { krate, function, name, input, returns, .. } = saga;
    let at = krate.at(returns.span());
    let output = quote_spanned! {returns.span()=>
        type Output = <#returns as #at::step::StepResult>::Ok;
    };
    let any_pivot = Order::any_pivot(krate, &distinct(steps));
    let key = plain(input);
    quote! {
        impl #krate::Signature for #function {
            #output
            const META: &'static #krate::Meta = &#krate::Meta {
                params: &[#key],
                saga: true,
                ..#krate::Meta::new(
                    #name,
                    if #any_pivot { #krate::Class::Pivot } else { #krate::Class::Compensatable },
                )
            };
        }
    }
}

fn distinct(steps: &[Ident]) -> Vec<Ident> {
    let mut distinct = vec![];
    for step in steps {
        if !distinct.contains(step) {
            distinct.push(step.clone());
        }
    }
    distinct
}
