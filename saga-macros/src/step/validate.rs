//! Every rule of `#[step]`, and the words in which it is told: the thing, the cause, the cure.

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Error, Expr, FnArg, Ident, Item, ItemFn, LitStr, Meta, ReturnType, Type, TypeReference};

use super::model::{Class, IfUnknown, Param, Policy, Role, Step, Undo};
use super::params::{self, Written};
use super::parse::{Backoff, Options, Retry};
use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::mentions;
use crate::options::Length;

/// Names that mean something in `compensate = ..`.
const RESERVED: [(&str, &str); 3] = [
    ("output", "what the step made"),
    ("cause", "why the saga is undone"),
    ("recorded", "what the step wrote down with `cx.record`"),
];

pub(super) fn not_a_function(item: &TokenStream, error: &Error) -> Error {
    match syn::parse2::<Item>(item.clone()) {
        Ok(item) => Error::new(item.span(), "`#[step]` stands on an `async fn`"),
        Err(_) => error.clone(),
    }
}

/// The step, if nothing is wrong with it.
pub(super) fn step(
    mut options: Options,
    function: ItemFn,
    written: &[Written],
    errors: &mut Errors,
) -> Option<Step> {
    let returns = signature(&function, errors);
    let params = parameters(written, options.transactional.is_some(), errors);
    let class = class(&options, &function.sig.ident, errors);
    combinations(&options, class, &function.sig.ident, &params, errors);
    let name = name(options.name.as_ref(), errors);
    let policy = policy(&mut options, class, errors);
    let system = options.system.as_ref();
    if let Some(system) = system.filter(|s| s.value().is_empty()) {
        errors.at(system, "name the system, or leave `system` out");
    }
    let if_unknown = if_unknown(options.if_unknown, errors);
    let compensate = options.compensate.and_then(|e| undo(e, options.transactional.is_some(), errors));
    Some(Step {
        krate: Crate::of(options.krate.as_ref()),
        returns: returns?,
        name: name.unwrap_or_else(|| function.sig.ident.to_string().trim_start_matches("r#").to_owned()),
        class: class?,
        params,
        compensate,
        if_unknown: if_unknown?,
        transactional: options.transactional.is_some(),
        late_safe: options.late_safe.is_some(),
        secret_output: options.secret_output.is_some(),
        system: system.map(LitStr::value),
        policy,
        function,
    })
}

/// What `.with(..)` says of one call. Its class is known only to the compiler.
pub(super) fn call(mut options: Options, with: &Ident, errors: &mut Errors) -> Policy {
    let says_nothing = options.retry.is_none()
        && options.timeout.is_none()
        && options.undo_retry.is_none()
        && options.undo_timeout.is_none()
        && options.settle_after.is_none();
    if says_nothing {
        let words = "say how patiently this call is tried: `.with(timeout(\"5s\"), retry(max_attempts = 5))`";
        errors.at(with, words);
    }
    policy(&mut options, None, errors)
}

fn policy(options: &mut Options, class: Option<Class>, errors: &mut Errors) -> Policy {
    Policy {
        retry: options.retry.take().and_then(|r| retry(r, class, errors)),
        timeout: options.timeout.take().and_then(|t| more_than_nothing("timeout", t, errors)),
        undo_retry: options.undo_retry.take().and_then(|r| retry(r, None, errors)),
        undo_timeout: options.undo_timeout.take().and_then(|t| more_than_nothing("undo_timeout", t, errors)),
        settle_after: options.settle_after.take(),
    }
}

fn signature(function: &ItemFn, errors: &mut Errors) -> Option<Type> {
    let signature = &function.sig;
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, format!("a step is an `async fn`: write `async fn {name}`"));
    }
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            format!("`{name}` cannot be generic: a step is found again by its name after a restart"),
        );
    }
    match &signature.output {
        ReturnType::Type(_, ty) => Some((**ty).clone()),
        ReturnType::Default => {
            errors.at(name, format!("`{name}` returns nothing: a step returns `saga::Result<T>`"));
            None
        }
    }
}

fn parameters(written: &[Written], transactional: bool, errors: &mut Errors) -> Vec<Param> {
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
    let ty = &typed.ty;
    let Some(param) = written.read() else {
        errors.at(ty, unreadable(ty, written.mark("inject").is_some()));
        return None;
    };
    marks(written, &param, errors);
    match &param.role {
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

fn borrowed_inside(ty: &Type) -> Option<&TypeReference> {
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

fn class(options: &Options, name: &Ident, errors: &mut Errors) -> Option<Class> {
    let compensate = options.compensate.as_ref().map(|e| ("compensate = ..", e.span()));
    let word = |word: &Option<Ident>, text| word.as_ref().map(|w| (text, w.span()));
    let given: Vec<_> = [
        (compensate, Class::Compensatable),
        (word(&options.no_effect, "no_effect"), Class::NoEffect),
        (word(&options.pivot, "pivot"), Class::Pivot),
        (word(&options.retriable, "retriable"), Class::Retriable),
    ]
    .into_iter()
    .filter_map(|(given, class)| given.map(|(text, span)| (text, span, class)))
    .collect();
    match given.as_slice() {
        [] => {
            errors.at(
                name,
                format!(
                    "say how `{name}` is undone:\n  \
                     `#[step(compensate = undo(..))]` it can be undone\n  \
                     `#[step(no_effect)]`             nothing to undo, it only reads\n  \
                     `#[step(pivot)]`                 it cannot be undone; steps after it must be `retriable`\n  \
                     `#[step(retriable)]`             it is retried until it succeeds"
                ),
            );
            None
        }
        [(first, _, class), more @ ..] => {
            for (text, span, _) in more {
                let words = format!("`{text}` contradicts `{first}`: a step is undone in one way");
                errors.push(Error::new(*span, words));
            }
            Some(*class)
        }
    }
}

/// Options that need, or exclude, each other.
fn combinations(
    options: &Options,
    class: Option<Class>,
    name: &Ident,
    params: &[Param],
    errors: &mut Errors,
) {
    let Some(class) = class else { return };
    if class != Class::Compensatable {
        let needs = "speaks of the compensation, and this step has none: it needs `compensate = ..`";
        if let Some(given) = &options.undo_retry {
            errors.at(&given.keyword, format!("`undo_retry` {needs}"));
        }
        if let Some(given) = &options.undo_timeout {
            errors.at(&given.text, format!("`undo_timeout` {needs}"));
        }
    }
    if let Some(transactional) = &options.transactional {
        if !params.iter().any(|p| matches!(p.role, Role::Transaction)) {
            let words =
                format!("`{name}` works in a transaction but does not take it: add `tx: &mut Tx<'_>`");
            errors.at(transactional, words);
        }
        let never =
            "is for outcomes that may be unknown, and a `transactional` step's never is: leave it out";
        if let Some(given) = &options.if_unknown {
            errors.at(given, format!("`if_unknown` {never}"));
        }
        if let Some(given) = &options.settle_after {
            errors.at(&given.text, format!("`settle_after` {never}"));
        }
        if let Some(given) = &options.late_safe {
            errors.at(given, format!("`late_safe` {never}"));
        }
        return;
    }
    if !matches!(class, Class::Compensatable | Class::Pivot)
        && let Some(given) = &options.if_unknown
    {
        errors.at(
            given,
            "`if_unknown` settles an outcome that nobody knows, before it is undone or built upon: it needs \
             `compensate = ..` or `pivot`",
        );
    }
    if class == Class::Compensatable || options.if_unknown.is_some() {
        if let (Some(_), Some(given)) = (&options.late_safe, &options.settle_after) {
            errors.at(&given.text, "a `late_safe` step waits for nothing: leave `settle_after` out");
        }
        return;
    }
    let needs = "speaks of the time before an unknown outcome is undone or looked up: it needs \
                 `compensate = ..` or `if_unknown = ..`";
    if let Some(given) = &options.settle_after {
        errors.at(&given.text, format!("`settle_after` {needs}"));
    }
    if let Some(given) = &options.late_safe {
        errors.at(given, format!("`late_safe` {needs}"));
    }
}

fn name(given: Option<&LitStr>, errors: &mut Errors) -> Option<String> {
    let given = given?;
    let name = given.value();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        errors.at(given, "a step's name is made of letters, digits, `_` and `-`: it is a key in the journal");
    }
    Some(name)
}

fn undo(given: Expr, transactional: bool, errors: &mut Errors) -> Option<Undo> {
    if transactional && let Some(recorded) = mentions::of(&given).iter().find(|m| *m == "recorded") {
        let words = "a `transactional` step writes no record: what it changed is in its own database, where \
                     the compensation can read it";
        errors.at(recorded, words);
        return None;
    }
    match given {
        Expr::Path(path) => Some(Undo::With(path)),
        Expr::Call(_) | Expr::MethodCall(_) => Some(Undo::Call(given)),
        Expr::Await(awaited) => {
            errors.at(awaited, "the compensation is awaited for you: write it without `.await`");
            None
        }
        other => {
            errors.at(
                other,
                "write `compensate = undo`, which is called with the step's parameters and its output, or \
                 `compensate = undo(..)` with the parameters, `output`, `cause` and `recorded` in scope",
            );
            None
        }
    }
}

fn if_unknown(given: Option<Expr>, errors: &mut Errors) -> Option<IfUnknown> {
    match given {
        None => Some(IfUnknown::Compensate),
        Some(Expr::Path(path)) if path.path.is_ident("rerun") => Some(IfUnknown::Rerun),
        Some(Expr::Path(path)) if path.path.is_ident("park") => Some(IfUnknown::Park),
        Some(call @ (Expr::Call(_) | Expr::MethodCall(_))) => Some(IfUnknown::LookUp(call)),
        Some(Expr::Await(awaited)) => {
            errors.at(awaited, "the look-up is awaited for you: write it without `.await`");
            None
        }
        Some(other) => {
            errors.at(
                other,
                "`if_unknown` is a look-up like `find_ip(netbox, subscriber)` that returns \
                 `Result<Option<Output>, _>`, or `rerun` (the step is idempotent), or `park` (a person decides)",
            );
            None
        }
    }
}

fn retry(given: Retry, class: Option<Class>, errors: &mut Errors) -> Option<Retry> {
    let keyword = &given.keyword;
    if let Some(attempts) = &given.max_attempts {
        match attempts.base10_parse::<u32>() {
            Ok(0) => errors.at(attempts, "`max_attempts` counts the first attempt too: at least 1"),
            Ok(_) => {}
            Err(_) => errors.at(attempts, format!("`max_attempts` is a number from 1 to {}", u32::MAX)),
        }
    }
    if class == Some(Class::Retriable) {
        let forever = "a `retriable` step is tried until it succeeds: leave out";
        if let Some(attempts) = &given.max_attempts {
            errors.at(attempts, format!("{forever} `max_attempts`"));
        }
        if let Some(deadline) = &given.deadline {
            errors.at(&deadline.text, format!("{forever} `deadline`"));
        }
    }
    if let Some(given) = &given.backoff {
        backoff(given, errors);
    }
    if let Some(jitter) = given.jitter.as_ref().filter(|j| *j != "full" && *j != "none") {
        errors.at(jitter, format!("unknown jitter `{jitter}` of `{keyword}`: it is `full` or `none`"));
    }
    let _ = given.deadline.clone().and_then(|d| more_than_nothing("deadline", d, errors));
    Some(given)
}

fn backoff(given: &Backoff, errors: &mut Errors) {
    match (given.shape.to_string().as_str(), given.lengths.as_slice()) {
        ("fixed", [_]) => {}
        ("linear" | "exponential", [first, max]) if first.time <= max.time => {}
        ("linear" | "exponential", [_, max]) => {
            errors.at(&max.text, "the longest pause is shorter than the first one: give the first, then the longest");
        }
        _ => errors.at(
            &given.shape,
            "a backoff is `fixed(\"1s\")`, `linear(\"1s\", \"10s\")` or `exponential(\"200ms\", \"30s\")`: the \
             first pause, then the longest",
        ),
    }
}

pub(crate) fn more_than_nothing(option: &str, length: Length, errors: &mut Errors) -> Option<Length> {
    if length.time.is_zero() {
        errors.at(
            &length.text,
            format!("a `{option}` of nothing leaves no time to work: give at least \"1ms\""),
        );
        return None;
    }
    Some(length)
}
