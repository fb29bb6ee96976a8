//! What each parameter of a step is for, and how an argument is kept.

use syn::{
    Attribute, FnArg, GenericArgument, Ident, ItemFn, Pat, Path, PathArguments, PathSegment, Type,
    TypeReference, parse_quote,
};

use super::model::{Lend, Param, Role, Storage};
use crate::attributes;

/// A parameter as it is written.
pub(crate) struct Written {
    pub(crate) argument: FnArg,
    /// `#[inject]`, `#[secret]`, and what is neither.
    pub(crate) marks: Vec<Attribute>,
}

/// Takes the marks off the function, which the compiler would not know.
pub(super) fn split(mut function: ItemFn) -> (ItemFn, Vec<Written>) {
    let written = function
        .sig
        .inputs
        .iter_mut()
        .map(|argument| {
            let attributes = match argument {
                FnArg::Typed(typed) => &mut typed.attrs,
                FnArg::Receiver(receiver) => &mut receiver.attrs,
            };
            let marks = attributes::take_marks(attributes);
            Written { argument: argument.clone(), marks }
        })
        .collect();
    (function, written)
}

impl Written {
    /// Its mark of that name.
    pub(crate) fn mark(&self, name: &str) -> Option<&Attribute> {
        self.marks.iter().find(|mark| mark.path().is_ident(name))
    }

    /// Its name, if it has a plain one.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match &self.argument {
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => Some(&name.ident),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        }
    }

    /// What it is for, if its form is one that a step may have.
    pub(crate) fn read(&self) -> Option<Param> {
        let (name, FnArg::Typed(typed)) = (self.name()?.clone(), &self.argument) else { return None };
        let ty = (*typed.ty).clone();
        let role = match (reference(&ty), self.mark("inject").is_some()) {
            (Some(lent), true) if lent.mutability.is_none() => Role::Inject(unwrap(&lent.elem)),
            (_, true) => return None,
            (Some(lent), _) if is_named(&lent.elem, "StepContext") && lent.mutability.is_none() => {
                Role::Context
            }
            (Some(lent), _) if is_named(&lent.elem, "Tx") && lent.mutability.is_some() => Role::Transaction,
            (Some(lent), _) if lent.mutability.is_some() => return None,
            _ => Role::Data(storage(&ty)),
        };
        let secret = self.mark("secret").is_some();
        Some(Param { name, ty, role, secret })
    }
}

/// `&dyn A + B` needs parentheses that the type itself does not.
fn unwrap(ty: &Type) -> Type {
    match ty {
        Type::Paren(inner) => unwrap(&inner.elem),
        Type::Group(inner) => unwrap(&inner.elem),
        ty => ty.clone(),
    }
}

pub(super) fn reference(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Group(group) => reference(&group.elem),
        Type::Paren(paren) => reference(&paren.elem),
        _ => None,
    }
}

fn last(ty: &Type) -> Option<(&Path, &PathSegment)> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| (&path.path, segment)),
        Type::Group(group) => last(&group.elem),
        _ => None,
    }
}

/// Is it the type of that name, from wherever it was imported?
pub(super) fn is_named(ty: &Type, name: &str) -> bool {
    last(ty).is_some_and(|(_, segment)| segment.ident == name)
}

fn storage(ty: &Type) -> Storage {
    if let Some(lent) = reference(ty) {
        return Storage { owned: owned(&lent.elem), lend: Lend::Borrow };
    }
    match lent_option(ty) {
        Some(inner) => {
            let (some, unsized_) = (owned(inner), is_unsized(inner));
            let owned = parse_quote!(::core::option::Option<#some>);
            Storage { owned, lend: if unsized_ { Lend::AsDeref } else { Lend::AsRef } }
        }
        None => Storage { owned: ty.clone(), lend: Lend::Move },
    }
}

/// `Option<&T>` -> `T`
fn lent_option(ty: &Type) -> Option<&Type> {
    let (_, segment) = last(ty)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(of) if segment.ident == "Option" => match of.args.first() {
            Some(GenericArgument::Type(inner)) => {
                reference(inner).filter(|lent| lent.mutability.is_none()).map(|lent| &*lent.elem)
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_unsized(ty: &Type) -> bool {
    matches!(ty, Type::Slice(_)) || is_named(ty, "str")
}

/// The type that owns what a `&T` lends.
fn owned(ty: &Type) -> Type {
    match ty {
        Type::Slice(slice) => {
            let element = &slice.elem;
            parse_quote!(::std::vec::Vec<#element>)
        }
        ty if is_named(ty, "str") => parse_quote!(::std::string::String),
        ty => ty.clone(),
    }
}
