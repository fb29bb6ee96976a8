//! The head of a function that becomes a step or a saga.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, GenericArgument, GenericParam, Item, ItemFn, PathArguments, ReturnType, Safety,
    TraitItemFn, Type,
};

use crate::diagnostics::Errors;
use crate::step;

/// What an attribute stands on that is no function with a body.
pub(crate) fn not_a_function(what: &str, item: &TokenStream, error: &Error) -> Error {
    if let Ok(declared) = syn::parse2::<TraitItemFn>(item.clone())
        && declared.default.is_none()
    {
        let message = format!(
            "a {what} is a free function with a body, which is found again after a restart: write it outside of the trait, and \
             take whatever implements the trait as `#[inject]`"
        );
        return Error::new_spanned(declared.sig, message);
    }
    match syn::parse2::<Item>(item.clone()) {
        Ok(item) => Error::new(item.span(), format!("`#[{what}]` stands on an `async fn`")),
        Err(_) => error.clone(),
    }
}

/// Takes off a second attribute of this crate, which would make the same names again.
pub(crate) fn once(function: &mut ItemFn, errors: &mut Errors) {
    let is_ours = |attribute: &Attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "step" || last.ident == "saga")
    };
    for again in function.attrs.extract_if(.., |attribute| is_ours(attribute)) {
        errors.at(&again, "a function is one step or one saga: write one of the two attributes, once");
    }
}

/// What the function returns. `what` it becomes is a "step" or a "saga".
pub(crate) fn check(what: &str, function: &ItemFn, errors: &mut Errors) -> Option<Type> {
    let signature = &function.sig;
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, format!("a {what} is an `async fn`: write `async fn {name}`"));
    }
    if let Safety::Unsafe(word) = &signature.safety {
        errors.at(
            word,
            format!("a {what} is called by the engine, so it cannot be `unsafe`: leave the word out"),
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            format!("a {what} is called by the engine, and not from other languages: leave this out"),
        );
    }
    let generics = &signature.generics;
    if generics.params.iter().all(|param| matches!(param, GenericParam::Lifetime(_))) {
        if !generics.params.is_empty() && what == "step" {
            errors.at(generics, format!("`{name}` needs no lifetime: leave it out, and write `&T`"));
        } else if !generics.params.is_empty() && !borrows(function) {
            errors.at(
                generics,
                format!("`{name}` needs no lifetime, because it owns its request: leave it out"),
            );
        }
    } else {
        let words =
            format!("`{name}` cannot be generic: a {what} is found again by its name after a restart");
        errors.at(generics, words);
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, format!("a {what} is not generic, so it has nothing to demand: leave `where` out"));
    }
    match &signature.output {
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => {
            let words = format!(
                "name the type: what a {what} returns is kept in the journal, so it returns `saga::Result<T>`"
            );
            errors.at(ty, words);
            None
        }
        ReturnType::Type(_, ty) => {
            if let Some(borrowed) = types(ty).next().and_then(step::borrowed_inside) {
                let words = format!(
                    "what a {what} returns is kept in the journal, so it owns its parts: write an owned type here, \
                     like `String` for `&str`"
                );
                errors.at(borrowed, words);
                return None;
            }
            Some((**ty).clone())
        }
        ReturnType::Default => {
            errors.at(name, format!("`{name}` returns nothing: a {what} returns `saga::Result<T>`"));
            None
        }
    }
}

/// Is a reference taken, which is told where it stands?
fn borrows(function: &ItemFn) -> bool {
    function.sig.inputs.to_token_stream().to_string().contains('&')
}

/// Where the type of success is written: `T` of `Result<T, E>`.
pub(crate) fn success(returns: &Type) -> Span {
    types(returns).next().map_or_else(|| returns.span(), Spanned::span)
}

/// The type of failure, where it is written: `E` of `Result<T, E>`.
pub(crate) fn failure(returns: &Type) -> Option<&Type> {
    types(returns).nth(1)
}

/// `Result<T>`, whose type of failure is written somewhere else.
pub(crate) fn is_alias(returns: &Type) -> bool {
    types(returns).count() == 1
}

fn types(of: &Type) -> impl Iterator<Item = &Type> {
    let last = match of {
        Type::Path(path) => {
            path.path.segments.last().filter(|last| last.ident.to_string().ends_with("Result"))
        }
        _ => None,
    };
    let all = match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(all)) => Some(all.args.iter()),
        _ => None,
    };
    all.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
