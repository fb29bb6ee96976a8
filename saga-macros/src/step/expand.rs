//! What a step becomes: the function as it was, and beside it, in the namespace of types, an enum of the same
//! name that carries the step's name, policy and erased form. A person could write every line of it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use super::implement;
use super::model::{Class, IfUnknown, Policy, Role, Step};
use super::parse::Retry;
use crate::attributes;
use crate::krate::Crate;
use crate::{schema, signature};

pub(super) fn step(step: &Step) -> TokenStream {
    let (function, marker) = (&step.function, marker(step));
    let (signature, implementation, callable) = (signature(step), implement::step(step), callable(step));
    quote! {
        #function
        #marker
        #signature
        #implementation
        #callable
    }
}

/// `enum allocate_ip {}` and `allocate_ip::args(..)`.
fn marker(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let (name, vis) = (&step.function.sig.ident, &step.function.vis);
    let docs = attributes::docs(&step.function.attrs, &format!("The step `{}`.", step.name));
    let arguments = step.data();
    let (names, types): (Vec<_>, Vec<_>) = arguments.iter().map(|p| (&p.name, &p.ty)).unzip();
    let written = Ident::new("fields", Span::mixed_site());
    let fields = arguments.iter().map(|p| {
        let (name, key) = (&p.name, p.key());
        quote!(let #written = #saga::__private::Argument(&#name).write(#written, #key)?;)
    });
    let import = (!names.is_empty()).then(|| {
        quote!(
            #[allow(unused_imports)]
            use #saga::__private::NoArgument as _;
        )
    });
    // At the step's name, so that a wrong call is shown the step's parameters.
    let args = Ident::new("args", name.span());

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
        #vis enum #name {}

        #[allow(
            dead_code,
            unreachable_pub,
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::too_many_arguments
        )]
        impl #name {
            /// The journaled arguments of one call of this step.
            ///
            /// # Errors
            /// When an argument cannot be written as JSON.
            #vis fn #args(#(#names: #types),*) -> #saga::Result<#saga::Args<Self>> {
                #import
                let #written = #saga::__private::Fields::of::<Self>();
                #(#fields)*
                #written.args()
            }
        }
    }
}

/// `impl Signature`: all that is known without resources.
fn signature(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let (name, returns) = (&step.function.sig.ident, &step.returns);
    let place = signature::success(returns);
    let at = saga.at(place);
    let output = quote_spanned! {place=>
        type Output = <<#returns as #at::step::StepResult>::Ok as #at::step::Journaled>::Output;
    };
    let (step_name, class) = (&step.name, class(step));
    let base = quote!(#saga::Meta::new(#step_name, #class));
    let params: Vec<_> = step.data().iter().map(|p| p.key()).collect();
    let mut fields = TokenStream::new();
    if !params.is_empty() {
        fields.extend(quote!(params: &[#(#params),*],));
    }
    let secrets: Vec<_> = step.data().iter().filter(|p| p.secret).map(|p| p.key()).collect();
    if !secrets.is_empty() {
        fields.extend(quote!(secrets: &[#(#secrets),*],));
    }
    if let Some(system) = &step.system {
        fields.extend(quote!(system: ::core::option::Option::Some(#system),));
    }
    let if_unknown = match &step.if_unknown {
        IfUnknown::Compensate => None,
        IfUnknown::LookUp(_) => Some(quote!(LookUp)),
        IfUnknown::Rerun => Some(quote!(Rerun)),
        IfUnknown::Park => Some(quote!(Park)),
    };
    if let Some(if_unknown) = if_unknown {
        fields.extend(quote!(if_unknown: #saga::IfUnknown::#if_unknown,));
    }
    let flags = [
        ("late_safe", step.late_safe),
        ("secret_output", step.secret_output),
        ("transactional", step.transactional),
    ];
    for (flag, on) in flags {
        let flag = on.then(|| Ident::new(flag, Span::call_site()));
        fields.extend(flag.map(|flag| quote!(#flag: true,)));
    }
    let policy = policy(step);
    if !policy.is_empty() {
        fields.extend(quote!(policy: #saga::Policy { #policy ..#base.policy },));
    }
    let meta = if fields.is_empty() { base } else { quote!(#saga::Meta { #fields ..#base }) };
    let schema = schema(step);
    quote! {
        // Not named among what could have been meant where something is no step.
        #[diagnostic::do_not_recommend]
        #[allow(clippy::needless_update)]
        impl #saga::Signature for #name {
            #output
            const META: &'static #saga::Meta = &#meta;
            #schema
        }
    }
}

/// What its parameters and its output look like.
fn schema(step: &Step) -> TokenStream {
    let params = step.params.iter().filter_map(|param| match &param.role {
        Role::Data(storage) => Some((param.key(), &storage.owned)),
        _ => None,
    });
    schema::of_signature(&step.krate, params, signature::success(&step.returns))
}

fn class(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let class = match step.class {
        Class::Compensatable => quote!(Compensatable),
        Class::NoEffect => quote!(NoEffect),
        Class::Pivot => quote!(Pivot),
        Class::Retriable => quote!(Retriable),
    };
    quote!(#saga::Class::#class)
}

fn policy(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let retry_policy = quote!(#saga::RetryPolicy);
    let forward = if step.class == Class::Retriable { quote!(FOREVER) } else { quote!(FORWARD) };
    let bases = [quote!(#retry_policy::#forward), quote!(#retry_policy::UNDO)];
    let fields = given(saga, &step.policy, bases).into_iter().map(|(field, value)| quote!(#field: #value,));
    fields.collect()
}

/// `|policy| { policy.timeout = ..; }`: what one call says differently than its step.
pub(crate) fn adjust(saga: &Crate, policy: &Policy) -> TokenStream {
    let adjusted = Ident::new("policy", Span::mixed_site());
    let bases = [quote!(#adjusted.retry), quote!(#adjusted.undo_retry)];
    let fields = given(saga, policy, bases);
    let changes = fields.into_iter().map(|(field, value)| quote!(#adjusted.#field = #value;));
    quote!(|#adjusted| { #(#changes)* })
}

/// The fields of a policy that are given, with the retry policies on which they build.
fn given(saga: &Crate, policy: &Policy, bases: [TokenStream; 2]) -> Vec<(TokenStream, TokenStream)> {
    let [forward, undo] = bases;
    let tries = [(quote!(retry), &policy.retry, forward), (quote!(undo_retry), &policy.undo_retry, undo)];
    let tries = tries
        .into_iter()
        .filter_map(|(field, given, base)| Some((field, retry(saga, given.as_ref()?, &base))));
    let lengths = [
        (quote!(timeout), &policy.timeout),
        (quote!(undo_timeout), &policy.undo_timeout),
        (quote!(settle_after), &policy.settle_after),
    ];
    let lengths = lengths.into_iter().filter_map(|(field, length)| {
        let length = length.as_ref()?;
        Some((field, quote!(::core::option::Option::Some(#length))))
    });
    tries.chain(lengths).collect()
}

fn retry(saga: &Crate, retry: &Retry, base: &TokenStream) -> TokenStream {
    let attempts = retry.max_attempts.as_ref().map(|n| quote!(max_attempts: #n,));
    let backoff = retry.backoff.as_ref().map(|backoff| {
        let shape = match (backoff.shape.to_string().as_str(), backoff.lengths.as_slice()) {
            ("linear", [first, max]) => quote!(Linear { first: #first, max: #max }),
            ("exponential", [first, max]) => quote!(Exponential { first: #first, max: #max }),
            (_, lengths) => quote!(Fixed(#(#lengths),*)),
        };
        quote!(backoff: #saga::Backoff::#shape,)
    });
    let jitter = retry.jitter.as_ref().map(|jitter| {
        let jitter = if jitter == "none" { quote!(None) } else { quote!(Full) };
        quote!(jitter: #saga::Jitter::#jitter,)
    });
    let deadline = retry.deadline.as_ref().map(|d| quote!(deadline: ::core::option::Option::Some(#d),));
    quote!(#saga::RetryPolicy { #attempts #backoff #jitter #deadline ..#base })
}

/// `impl Callable`: the erased form.
fn callable(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let name = &step.function.sig.ident;
    let (generics, resources) = implement::bounds(step);
    let kind = if step.transactional { quote!(transactional) } else { quote!(plain) };
    quote! {
        impl<#generics> #saga::Callable<#resources> for #name {
            fn erased() -> #saga::step::Callee<#resources> {
                ::core::convert::Into::into(#saga::step::ErasedStep::#kind::<Self>())
            }
        }
    }
}
