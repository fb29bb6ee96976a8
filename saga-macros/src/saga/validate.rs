//! The rules of `#[saga]`.

use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprCall, ExprClosure, ExprReturn, FnArg, Ident, Item, ItemFn, Lit, LitStr, Meta, Pat,
    Type,
};

use super::forms;
use super::mistake::Mistake;
use super::model::{Lock, Saga};
use super::parse::Options;
use super::read;
use crate::attributes;
use crate::diagnostics::Errors;
use crate::krate::Crate;
use crate::mentions;
use crate::signature;
use crate::step;

/// An expression that is computed in one go must not leave the saga, and holds no words of the language.
pub(super) fn pure(expression: &Expr, errors: &mut Errors) {
    struct Find<'a>(&'a mut Errors);
    impl<'a> Visit<'a> for Find<'_> {
        fn visit_expr_return(&mut self, found: &'a ExprReturn) {
            self.0.at(found, Mistake::Return);
            visit::visit_expr_return(self, found);
        }
        fn visit_expr_call(&mut self, found: &'a ExprCall) {
            if let Expr::Path(path) = &*found.func
                && let Some((word, _)) = forms::word(path)
            {
                self.0.at(found, Mistake::WordNotAwaited(word));
            }
            visit::visit_expr_call(self, found);
        }
        // Inside of it a name may mean something else.
        fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
        fn visit_item(&mut self, _: &'a Item) {}
    }
    Find(errors).visit_expr(expression);
}

/// Steps in a place that knows no order of running.
pub(super) fn misplaced(expression: &Expr) -> Option<Mistake<'_>> {
    Some(match expression {
        Expr::ForLoop(_) => Mistake::For,
        Expr::While(_) | Expr::Loop(_) => Mistake::Loop,
        Expr::Closure(_) => Mistake::Closure,
        Expr::Async(_) => Mistake::Async,
        Expr::Binary(b) if matches!(b.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) => Mistake::ShortCircuit,
        Expr::Macro(m) if forms::join_keyword(&m.mac).is_none() => Mistake::Macro,
        Expr::MethodCall(call) if matches!(forms::bare(&call.receiver), Expr::Await(_)) => {
            match call.method {
                _ if forms::tolerated(expression).is_some() => return None,
                _ => Mistake::AfterAwait(&call.method),
            }
        }
        _ => return None,
    })
}

/// What cannot be kept as a value of the saga, as far as it is seen without its type.
pub(super) fn kept(value: &Expr) -> Option<Mistake<'static>> {
    const LENDS: [&str; 7] = ["as_bytes", "as_deref", "as_ref", "as_slice", "as_str", "iter", "trim"];
    match forms::bare(value) {
        Expr::Paren(inner) => kept(&inner.expr),
        Expr::Closure(_) => Some(Mistake::KeepsClosure),
        Expr::Lit(text) if matches!(text.lit, Lit::Str(_)) => Some(Mistake::KeepsText),
        Expr::Reference(_) => Some(Mistake::KeepsBorrow),
        Expr::MethodCall(call) if LENDS.iter().any(|lends| call.method == lends) => {
            Some(Mistake::KeepsBorrow)
        }
        _ => None,
    }
}

/// The saga, if nothing is wrong with it.
pub(super) fn saga(options: Options, function: ItemFn, errors: &mut Errors) -> Option<Saga> {
    let ident = &function.sig.ident;
    // Whoever misspelt the version has given one.
    let told = !errors.is_empty();
    let returns = signature::check("saga", &function, errors);
    let version = options.version.or_else(|| {
        let words = "give the saga a version: `#[saga(version = 1)]`. Raise it when you change the plan; running \
                     workflows keep theirs";
        if !told {
            errors.at(ident, words);
        }
        None
    });
    if let Some(version) = version.as_ref().filter(|v| v.base10_parse::<u32>().is_err()) {
        errors.at(version, format!("a version is a number up to {}", u32::MAX));
    }
    let parks = options.on_failure.as_ref().is_some_and(|word| word == "park");
    if let Some(word) = options.on_failure.filter(|word| word != "park" && word != "backward") {
        errors.at(&word, format!("unknown `on_failure = {word}`: it is `backward` (roll back) or `park` (stop and wait for a person)"));
    }
    if let Some(deadline) = options.deadline.as_ref().filter(|d| d.time.is_zero()) {
        errors.at(&deadline.text, "a `deadline` of nothing leaves no time to work");
    }
    if let Some(name) = options.name.as_ref().filter(|n| !is_name(&n.value())) {
        errors.at(name, "a saga's name is made of letters, digits, `_` and `-`: it is a key in the journal");
    }
    for attribute in &function.attrs {
        if !["doc", "cfg", "allow", "warn", "deny", "forbid"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
        {
            let words = format!(
                "`#[{}]` means nothing on a saga, which becomes a plan and not a function: put it on a step",
                mentions::path(attribute.path())
            );
            errors.at(attribute, words);
        }
    }
    let input = input(&function, errors);
    let body = returns.is_some().then(|| read::body(&function, errors)).flatten();
    let name = options.name.as_ref().map(LitStr::value);
    let Input { name: input, ty: input_type, secret: secret_input } = input?;
    Some(Saga {
        krate: Crate::of(options.krate.as_ref()),
        function: ident.clone(),
        vis: function.vis.clone(),
        docs: attributes::docs(&function.attrs, &format!("The saga `{ident}`.")),
        lints: attributes::lints(&function.attrs),
        name: name.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned()),
        version: version?,
        resources: options.resources,
        parks,
        deadline: options.deadline,
        locks: options.locks.map(|locks| self::locks(locks, errors)).unwrap_or_default(),
        input,
        input_type,
        secret_input,
        returns: returns?,
        body: body?,
    })
}

fn locks(given: Vec<(Ident, Expr)>, errors: &mut Errors) -> Vec<Lock> {
    let mut locks: Vec<Lock> = vec![];
    for (name, value) in given {
        if locks.iter().any(|lock| lock.name == name) {
            errors.at(&name, format!("the lock `{name}` is given twice"));
        }
        if forms::has_steps(&value) {
            let words = "a lock is taken before the saga runs: compute it from the request alone";
            errors.at(&value, words);
        }
        locks.push(Lock { name, value });
    }
    locks
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// The request.
struct Input {
    name: Ident,
    ty: Type,
    secret: bool,
}

fn input(function: &ItemFn, errors: &mut Errors) -> Option<Input> {
    let inputs = &function.sig.inputs;
    let clients = "a saga has no clients: its steps take them (`#[inject] client: &Client`), and the call leaves them out";
    let is_client = |mark: &&Attribute| mark.path().is_ident("inject");
    let Some(FnArg::Typed(argument)) = inputs.first().filter(|_| inputs.len() == 1) else {
        let mut marks = inputs.iter().flat_map(|input| match input {
            FnArg::Typed(typed) => &typed.attrs,
            FnArg::Receiver(receiver) => &receiver.attrs,
        });
        match (marks.find(is_client), inputs.first()) {
            (Some(client), _) => errors.at(client, clients),
            (None, Some(receiver @ FnArg::Receiver(_))) => {
                errors.at(receiver, "a saga is a free function: take what it needs as its request");
            }
            (None, Some(_)) => {
                errors
                    .at(inputs, "a saga takes one argument, its request: put what it needs into one struct");
            }
            (None, None) => {
                let words = "a saga takes one argument, its request: add `request: Request`, or `_request: ()` if there is nothing to say";
                errors.at(&function.sig.ident, words);
            }
        }
        return None;
    };
    match &*argument.ty {
        ty @ Type::Reference(_) => {
            errors.at(ty, "a saga owns its request, which is kept in the journal: take it by value");
        }
        ty @ Type::ImplTrait(_) => {
            errors.at(ty, "name the type of the request: it is written to the journal and read back");
        }
        ty => {
            if let Some(inner) = step::borrowed_inside(ty) {
                let words = "a saga owns its request, with all its parts: write an owned type here, like `String` for `&str`";
                errors.at(inner, words);
            }
        }
    }
    let marks = attributes::take_marks(&mut argument.attrs.clone());
    for mark in &marks {
        if is_client(&mark) {
            errors.at(mark, clients);
        } else if !mark.path().is_ident("secret") {
            let words = format!(
                "unknown attribute `{}` on the request of a saga; there is `#[secret]` (sealed in the journal, \
                 with all that is computed from it)",
                mentions::path(mark.path())
            );
            errors.at(mark.path(), words);
        } else if !matches!(mark.meta, Meta::Path(_)) {
            errors.at(&mark.meta, "`#[secret]` takes no options: write `#[secret]`");
        }
    }
    match &*argument.pat {
        Pat::Ident(name) if name.mutability.is_some() => {
            errors.at(&argument.pat, Mistake::Mut);
            None
        }
        Pat::Ident(name) if name.subpat.is_none() => {
            let ty = (*argument.ty).clone();
            Some(Input { name: name.ident.clone(), ty, secret: !marks.is_empty() })
        }
        pattern => {
            errors.at(pattern, "give the request a plain name, and take it apart where it is used");
            None
        }
    }
}
