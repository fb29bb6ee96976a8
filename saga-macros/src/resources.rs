//! `#[derive(Resources)]`: one `Provide<T>` per field of type `T`; a field `Arc<T>` or `Box<T>` provides `T`
//! too, also when `T` is `dyn Trait`.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, GenericArgument, Index, Path, PathArguments, Type};

use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::options::{self, Known};

const STRUCT: Known = Known { of: "`#[resources]` on a struct", names: &["crate = path"], meant: &[] };
const FIELD: Known = Known {
    of: "`#[resources]` on a field",
    names: &["skip"],
    meant: &[("leave_out", "skip"), ("ignore", "skip")],
};

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let impls = implementations(&input, &mut errors);
    errors.none_or(impls).unwrap_or_else(|errors| errors)
}

fn implementations(input: &DeriveInput, errors: &mut Errors) -> Option<TokenStream> {
    let name = &input.ident;
    let Data::Struct(of) = &input.data else {
        errors.at(
            name,
            format!("`{name}` cannot be resources: they are a struct with one field for each client"),
        );
        return None;
    };
    let saga = crate_path(&input.attrs, errors);
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let mut provided: BTreeMap<String, Type> = BTreeMap::new();
    let mut impls = TokenStream::new();
    for (i, field) in of.fields.iter().enumerate() {
        if is_skipped(field, errors) {
            continue;
        }
        let member = field
            .ident
            .as_ref()
            .map_or_else(|| Index::from(i).into_token_stream(), ToTokens::to_token_stream);
        let ty = &field.ty;
        let whole = (ty, quote!(&self.#member));
        let inside = pointee(ty).map(|inner| (inner, quote!(&*self.#member)));
        for (ty, lend) in std::iter::once(whole).chain(inside) {
            if provided.insert(ty.to_token_stream().to_string(), ty.clone()).is_some() {
                let ty = spelt(ty);
                errors.at(
                    field,
                    format!(
                        "two fields provide a `{ty}`, and a step asks for it by its type: give one of them a \
                         type of its own (`struct Backup({ty})`), or mark it `#[resources(skip)]`"
                    ),
                );
                continue;
            }
            impls.extend(quote_spanned! {ty.span()=>
                impl #generics #saga::Provide<#ty> for #name #arguments #clause {
                    fn provide(&self) -> &#saga::__private::Same<#ty> { #lend }
                }
            });
        }
    }
    bare_parameter(input, &provided, errors);
    Some(impls)
}

/// A field whose type is a bare type parameter could be of any other field's type.
fn bare_parameter(input: &DeriveInput, provided: &BTreeMap<String, Type>, errors: &mut Errors) {
    let bare = input.generics.type_params().find(|p| provided.contains_key(&p.ident.to_string()));
    if let Some(bare) = bare.filter(|_| provided.len() > 1) {
        let name = &bare.ident;
        errors.at(
            name,
            format!(
                "`{name}` could be the type of another field, and a step asks for a resource by its type: hold \
                 it as `Arc<dyn Trait>`, or mark its field `#[resources(skip)]`"
            ),
        );
    }
}

fn spelt(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(" < ", "<").replace(" >", ">").replace(" :: ", "::")
}

/// `Arc<T>`, `Box<T>` -> `T`
fn pointee(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|s| s.ident == "Arc" || s.ident == "Box")?;
    match &last.arguments {
        PathArguments::AngleBracketed(of) => match of.args.first() {
            Some(GenericArgument::Type(inner)) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

fn options(attributes: &[Attribute]) -> impl Iterator<Item = TokenStream> {
    attributes.iter().filter(|a| a.path().is_ident("resources")).map(|a| match &a.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    })
}

fn crate_path(attributes: &[Attribute], errors: &mut Errors) -> Crate {
    let mut path: Option<Path> = None;
    for tokens in options(attributes) {
        options::parse(tokens, &STRUCT, errors, |key, input| {
            (key == "crate").then(|| options::path(input, &mut path))
        });
    }
    Crate::of(path.as_ref())
}

fn is_skipped(field: &Field, errors: &mut Errors) -> bool {
    let mut skipped = false;
    for tokens in options(&field.attrs) {
        options::parse(tokens, &FIELD, errors, |key, _| {
            (key == "skip").then(|| {
                skipped = true;
                Ok(())
            })
        });
    }
    skipped
}
