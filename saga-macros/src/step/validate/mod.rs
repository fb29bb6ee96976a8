//! Every rule of `#[step]`, and the words in which it is told: the thing, the cause, the cure.

mod class;
mod params;
mod patience;
mod undo;

use syn::{ItemFn, LitStr};

use super::model::Step;
use super::params::Written;
use super::parse::Options;
use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::signature;

pub(crate) use params::borrowed_inside;
pub(super) use patience::call;
pub(crate) use patience::more_than_nothing;

/// The step, if nothing is wrong with it.
pub(super) fn step(
    mut options: Options,
    function: ItemFn,
    written: &[Written],
    errors: &mut Errors,
) -> Option<Step> {
    // Whoever misspelt how a step is undone has said how it is undone.
    let told = !errors.is_empty();
    let returns = signature::check("step", &function, errors);
    let params = params::parameters(written, options.transactional.is_some(), errors);
    let class = class::class(&options, &function.sig.ident, told, errors);
    class::combinations(&options, class, &function.sig.ident, &params, errors);
    let name = name(options.name.as_ref(), errors);
    let policy = patience::policy(&mut options, class, errors);
    let system = options.system.as_ref();
    if let Some(system) = system.filter(|s| s.value().is_empty()) {
        errors.at(system, "name the system, or leave `system` out");
    }
    let if_unknown = undo::if_unknown(options.if_unknown, &params, errors);
    let compensate = options.compensate.and_then(|e| undo::undo(e, options.transactional.is_some(), errors));
    let step = Step {
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
    };
    if let Some(undo) = step.compensate.as_ref().filter(|_| !step.knows_output()) {
        undo::part_of_what_may_be_lost(undo, errors);
    }
    Some(step)
}

fn name(given: Option<&LitStr>, errors: &mut Errors) -> Option<String> {
    let given = given?;
    let name = given.value();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        errors.at(given, "a step's name is made of letters, digits, `_` and `-`: it is a key in the journal");
    }
    Some(name)
}
