//! The rules of parameters: what each is for must be clear from how it is written.

use syn::visit::Visit;
use syn::{FnArg, Meta, Type, TypeReference};

use crate::diagnostics::Errors;
use crate::mentions;
use crate::step::model::{Param, Role};
use crate::step::params::{self, Written};

/// Names that mean something in `compensate = ..`.
const RESERVED: [(&str, &str); 3] = [
    ("output", "what the step made"),
    ("cause", "why the saga is undone"),
    ("recorded", "what the step wrote down with `cx.record`"),
];

pub(super) fn parameters(written: &[Written], transactional: bool, errors: &mut Errors) -> Vec<Param> {
    let params: Vec<_> = written.iter().filter_map(|w| parameter(w, transactional, errors)).collect();
    let mut transactions = params.iter().filter(|p| matches!(p.role, Role::Transaction));
    if let (Some(_), Some(second)) = (transactions.next(), transactions.next()) {
        errors.at(&second.ty, "a step has one transaction: take it once");
    }
    params
}

fn parameter(written: &Written, transactional: bool, errors: &mut Errors) -> Option<Param> {
    let FnArg::Typed(typed) = &written.argument else {
        let words = "a step is a free function: take what `self` holds as `#[inject] client: &Client`";
        errors.at(&written.argument, words);
        return None;
    };
    let Some(name) = written.name() else {
        errors.at(&typed.pat, "give this parameter a plain name: it is the argument's key in the journal");
        return None;
    };
    if let Some((_, meaning)) = RESERVED.iter().find(|(reserved, _)| name == reserved) {
        errors.at(name, format!("`{name}` is {meaning} in `compensate = ..`: name this parameter otherwise"));
    }
    if let Some(cfg) = typed.attrs.iter().find(|a| a.path().is_ident("cfg") || a.path().is_ident("cfg_attr"))
    {
        let words =
            "a parameter is a key in the journal, which every build reads: write `#[cfg]` on the whole step";
        errors.at(cfg, words);
    }
    let ty = &typed.ty;
    let Some(param) = written.read() else {
        errors.at(ty, unreadable(ty, written.mark("inject").is_some()));
        return None;
    };
    marks(written, &param, errors);
    match &param.role {
        Role::Inject(Type::ImplTrait(_)) => {
            errors
                .at(ty, "a resource is asked for by its type: write `&dyn Trait`, or the type of the client");
        }
        Role::Transaction if !transactional => {
            errors
                .at(ty, "only a `transactional` step has a transaction: write `#[step(transactional, ..)]`");
        }
        Role::Data(_) if params::is_named(ty, "StepContext") => {
            errors.at(ty, "the context is lent: write `&StepContext`");
        }
        Role::Data(_) if params::is_named(ty, "Tx") => {
            errors.at(ty, "the transaction is lent: write `&mut Tx<'_>`");
        }
        Role::Data(storage) if matches!(**ty, Type::ImplTrait(_)) || is_dyn(&storage.owned) => {
            let words = "an argument is read back from the journal: give it a type that implements serde's \
                         traits, or mark a client with `#[inject]`";
            errors.at(ty, words);
        }
        Role::Data(storage) => {
            if let Some(inner) = borrowed_inside(&storage.owned) {
                let words = "an argument is kept in the journal, so it owns its parts: write an owned type \
                             here, like `String` for `&str`";
                errors.at(inner, words);
            }
        }
        _ => {}
    }
    Some(param)
}

/// What stands above a parameter.
fn marks(written: &Written, param: &Param, errors: &mut Errors) {
    for mark in &written.marks {
        let path = mark.path();
        if !path.is_ident("inject") && !path.is_ident("secret") {
            let words = format!(
                "unknown attribute `{}` on a parameter of a step; there are `#[inject]` (lent by the saga's \
                 resources) and `#[secret]` (sealed in the journal)",
                mentions::path(path)
            );
            errors.at(path, words);
        } else if !matches!(mark.meta, Meta::Path(_)) {
            errors.at(&mark.meta, format!("`#[{0}]` takes no options: write `#[{0}]`", mentions::path(path)));
        }
    }
    if let Some(mark) = written.mark("secret")
        && !matches!(param.role, Role::Data(_))
    {
        let words = format!(
            "`{}` is never written down, so it cannot be secret: leave `#[secret]` out, which is for \
             arguments that are kept in the journal",
            param.name
        );
        errors.at(mark, words);
    }
}

fn unreadable(ty: &Type, injected: bool) -> &'static str {
    match params::reference(ty) {
        _ if injected => "an injected resource is shared: write `&T`",
        Some(lent) if params::is_named(&lent.elem, "StepContext") => {
            "the context is shared: write `&StepContext`"
        }
        _ => {
            "a step gets a copy of its journaled argument, so changes to it would be lost: take `&T`, and \
             return what changed"
        }
    }
}

fn is_dyn(ty: &Type) -> bool {
    matches!(ty, Type::TraitObject(_) | Type::ImplTrait(_))
}

/// The first reference inside of a type.
pub(crate) fn borrowed_inside(ty: &Type) -> Option<&TypeReference> {
    struct Find<'a>(Option<&'a TypeReference>);
    impl<'a> Visit<'a> for Find<'a> {
        fn visit_type_reference(&mut self, found: &'a TypeReference) {
            self.0.get_or_insert(found);
        }
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}
