//! What a saga becomes: a function that makes start requests, and beside it, in the namespace of types, an
//! enum of the same name with the saga's definition. A person could write every line of it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::lower::{self, plain};
use super::model::{Lock, Saga};
use super::names::Names;
use super::order::{self, Order, distinct};
use crate::krate::Crate;
use crate::{schema, signature};

pub(super) fn saga(saga: &Saga) -> TokenStream {
    let mut names = Names::new(&saga.krate);
    let order = order::check(saga, &mut names);
    let class = order.class();
    let Order { steps, checks, .. } = order;
    let bounds = Bounds::of(saga, &steps);
    let (function, marker) = (function(saga), marker(saga));
    let definition = definition(saga, &bounds, &checks, &mut names);
    let (signature, callable) = (signature(saga, &class), callable(saga, &bounds));
    let (stand_ins, imports) = (names.stand_ins(), names.imports());
    quote! {
        #function
        #marker
        const _: () = {
            #stand_ins
            // In a block of its own, so that a name which cannot be imported is told once.
            const _: () = {
                #imports
                #definition
                #signature
                #callable
            };
        };
    }
}

/// Over which resources the saga is defined.
struct Bounds {
    generics: TokenStream,
    resources: TokenStream,
    clause: TokenStream,
}

impl Bounds {
    fn of(saga: &Saga, steps: &[Ident]) -> Self {
        let krate = &saga.krate;
        if let Some(resources) = &saga.resources {
            let resources = resources.to_token_stream();
            return Self { generics: quote!(), resources, clause: quote!() };
        }
        let resources = Ident::new("__R", Span::mixed_site());
        let steps = distinct(steps);
        Self {
            generics: quote!(<#resources>),
            resources: quote!(#resources),
            clause: quote! {
                where #resources: ::core::marker::Sync + 'static, #(#steps: #krate::Callable<#resources>),*
            },
        }
    }
}

/// `fn provision_subscriber(request) -> Start<provision_subscriber>`
fn function(saga: &Saga) -> TokenStream {
    let Saga { krate, function, vis, docs, input, input_type, .. } = saga;
    let import = import(krate);
    quote! {
        #(#docs)*
        #[allow(dead_code, unreachable_pub, clippy::needless_pass_by_value, clippy::used_underscore_binding)]
        #[must_use = "a start request does nothing until it is given to an engine"]
        #vis fn #function(#input: #input_type) -> #krate::Start<#function> {
            #import
            #krate::__private::Request(&#input).start()
        }
    }
}

/// `builder.lock_on("onu_serial", |request| ..)` for each of them.
fn locks(saga: &Saga, builder: &Ident) -> TokenStream {
    let Saga { krate, input, input_type, .. } = saga;
    let each = saga.locks.iter().map(|Lock { name, value }| {
        let (name, span) = (plain(name), Span::mixed_site().located_at(value.span()));
        let at = krate.at(span);
        let text = quote_spanned!(span=> #at::__private::LockValue(#value).text());
        quote!(#builder.lock_on(#name, |#[allow(unused_variables)] #input: #input_type| #text);)
    });
    let each: TokenStream = each.collect();
    if each.is_empty() {
        return each;
    }
    quote! {
        {
            #[allow(unused_imports)]
            use #krate::__private::PlainLockValue as _;
            #each
        }
    }
}

/// What answers for a request that cannot be journaled.
fn import(krate: &Crate) -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use #krate::__private::NoRequest as _;
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
fn definition(saga: &Saga, bounds: &Bounds, checks: &TokenStream, names: &mut Names) -> TokenStream {
    let Saga { krate, function, vis, name, version, input, input_type, lints, .. } = saga;
    let builder = Ident::new("builder", Span::mixed_site());
    let body = lower::body(saga, &builder, names);
    let key = plain(input);
    let parks = saga.parks.then(|| quote!(#builder.on_failure(#krate::OnFailure::Park);));
    let deadline = saga.deadline.as_ref().map(|d| quote!(#builder.deadline(#d);));
    let (import, schema) = (schema::import(krate), schema::read(krate, input_type));
    let locks = locks(saga, &builder);
    let secret = saga.secret_input.then(|| quote!(#builder.secret_input();));
    let Bounds { generics, resources, clause } = bounds;
    let request_import = self::import(krate);
    // A request that cannot be journaled is reported at its type.
    let there = Span::mixed_site().located_at(input_type.span());
    let builder_there = lower::at(&builder, there);
    let input_value = quote_spanned!(there=> #builder_there.input());
    let args = Ident::new("args", function.span());
    quote! {
        // `let x = f(..)?;` becomes a closure of its own, in which the `?` is a person's and not superfluous.
        #[allow(
            dead_code,
            private_bounds,
            unreachable_pub,
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::needless_question_mark,
            clippy::needless_update,
            clippy::used_underscore_binding
        )]
        impl #function {
            /// The journaled argument of one call of this saga.
            ///
            /// # Errors
            /// When it cannot be written as JSON.
            #vis fn #args(#input: #input_type) -> #krate::Result<#krate::Args<Self>> {
                #request_import
                #krate::__private::Request(&#input).args(#key)
            }

            /// The plan of this saga, and the code behind it.
            #[must_use]
            #(#lints)*
            #vis fn definition #generics () -> #krate::Definition<#resources> #clause {
                #import
                #checks
                let mut #builder = #krate::SagaBuilder::<#resources, #input_type>::new(#name, #version);
                #parks
                #deadline
                #secret
                #locks
                #builder.input_schema(#schema);
                #[allow(unused_variables)]
                let #input = #input_value;
                #body
            }
        }
    }
}

/// `impl Signature`: the type of the output, for handles of running workflows.
fn signature(saga: &Saga, class: &TokenStream) -> TokenStream {
    let Saga { krate, function, name, input, input_type, returns, .. } = saga;
    let place = signature::success(returns);
    let at = krate.at(place);
    let output = quote_spanned! {place=>
        type Output = <#returns as #at::__private::SagaResult>::Output;
    };
    let key = plain(input);
    let schema = schema::of_signature(krate, [(key.clone(), input_type)], place);
    quote! {
        #[diagnostic::do_not_recommend]
        impl #krate::Signature for #function {
            #output
            const META: &'static #krate::Meta =
                &#krate::Meta { params: &[#key], saga: true, ..#krate::Meta::new(#name, #class) };
            #schema
        }
    }
}

/// `impl Callable`: another saga may call it.
fn callable(saga: &Saga, bounds: &Bounds) -> TokenStream {
    let Saga { krate, function, .. } = saga;
    let Bounds { generics, resources, clause } = bounds;
    quote! {
        #[allow(private_bounds)]
        impl #generics #krate::Callable<#resources> for #function #clause {
            fn erased() -> #krate::step::Callee<#resources> {
                ::core::convert::Into::into(Self::definition())
            }
        }
    }
}
