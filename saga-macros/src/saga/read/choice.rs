//! `if`, `if let` and `match`.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ExprIf, ExprLet, ExprMatch, Ident, Pat, PatIdent, parse_quote};

use super::{Reader, Statements, Wanted};
use crate::mentions;
use crate::saga::expression::is_projection;
use crate::saga::forms;
use crate::saga::mistake::Mistake;
use crate::saga::model::{Arm, Block, Flow, If, IfFailed, Match};
use crate::saga::spelling::{self, spell};
use crate::saga::validate;

impl Reader<'_> {
    pub(super) fn choice(&mut self, choice: &ExprIf, wanted: Wanted, into: &mut Statements) -> Option<Flow> {
        if choice.else_branch.is_none() && wanted == Wanted::Value {
            self.errors.at(choice, Mistake::IfWithoutElse);
            return None;
        }
        if let Expr::Let(binding) = &*choice.cond {
            return self.if_let(choice, binding, wanted, into);
        }
        let (condition, bindings) = if forms::binds(&choice.cond) {
            self.chain(choice, into).unzip()
        } else {
            (self.condition(&choice.cond, into), Some(vec![]))
        };
        let then = self.block(&choice.then_branch, wanted);
        let otherwise = match &choice.else_branch {
            None => None,
            Some((_, otherwise)) => Some(self.arm(otherwise, wanted)?),
        };
        Some(Flow::If(Box::new(If { condition: condition?, bindings: bindings?, then: then?, otherwise })))
    }

    /// `if let pattern = value { .. } else { .. }`: a `match` of two arms.
    fn if_let(
        &mut self,
        choice: &ExprIf,
        binding: &ExprLet,
        wanted: Wanted,
        into: &mut Statements,
    ) -> Option<Flow> {
        let otherwise = choice.else_branch.as_ref().map(|(_, otherwise)| &**otherwise);
        if !forms::block_has_steps(&choice.then_branch) && !otherwise.is_some_and(forms::has_steps) {
            // Only what is matched holds steps, so the rest is a value.
            let (mut choice, mut binding) = (choice.clone(), binding.clone());
            *binding.expr = self.taken_apart(&binding.expr, into)?;
            *choice.cond = Expr::Let(binding);
            return self.pure(&Expr::If(choice), into).map(Flow::Value);
        }
        let names = self.names(&binding.pat);
        let mentioned = mentions::of_block(&choice.then_branch);
        let bound: Vec<_> = names.into_iter().filter(|name| mentioned.contains(name)).collect();
        let scrutinee = self.scrutinee(&binding.expr, !bound.is_empty(), into);
        let then = self.block(&choice.then_branch, wanted);
        let otherwise = match otherwise {
            None => Some(Block { statements: vec![], value: None }),
            Some(otherwise) => self.arm(otherwise, wanted),
        };
        let (pattern, name) = ((*binding.pat).clone(), spelling::pattern(&binding.pat, None));
        let (scrutinee, then, otherwise) = (scrutinee?, then?, otherwise?);
        let place = choice.then_branch.span();
        let then = Arm { name, pattern, guard: None, bound, body: then, place };
        let otherwise = Arm {
            name: "else".to_owned(),
            pattern: parse_quote!(_),
            guard: None,
            bound: vec![],
            body: otherwise,
            place: Span::call_site(),
        };
        let text = spell(&binding.expr);
        Some(Flow::Match(Box::new(Match { text, scrutinee, arms: vec![then, otherwise] })))
    }

    pub(super) fn matched(
        &mut self,
        found: &ExprMatch,
        wanted: Wanted,
        into: &mut Statements,
    ) -> Option<Flow> {
        let guards = found.arms.iter().filter_map(|arm| guarded(&arm.pat).1);
        let mut good = true;
        for guard in guards.filter(|guard| forms::has_steps(guard)) {
            self.errors.at(guard, Mistake::GuardWithStep);
            good = false;
        }
        if !good {
            return None;
        }
        if !found.arms.iter().any(|arm| forms::has_steps(&arm.body)) {
            // Only what is matched holds steps, so the rest is a value.
            let mut found = found.clone();
            *found.expr = self.taken_apart(&found.expr, into)?;
            return self.pure(&Expr::Match(found), into).map(Flow::Value);
        }
        let bound: Vec<Vec<Ident>> = found
            .arms
            .iter()
            .map(|arm| {
                let mentioned = mentions::of(&arm.body);
                self.names(guarded(&arm.pat).0).into_iter().filter(|name| mentioned.contains(name)).collect()
            })
            .collect();
        let scrutinee = self.scrutinee(&found.expr, bound.iter().any(|names| !names.is_empty()), into);
        let mut arms: Vec<Arm> = vec![];
        for (arm, bound) in found.arms.iter().zip(bound) {
            for attribute in &arm.attrs {
                self.errors.at(attribute, Mistake::Attribute(attribute));
            }
            let (pattern, guard) = guarded(&arm.pat);
            if let Some(guard) = guard {
                validate::pure(guard, self.errors);
            }
            let name = not_taken(&arms, spelling::pattern(pattern, guard));
            let (pattern, guard) = (pattern.clone(), guard.cloned());
            match self.arm(&arm.body, wanted) {
                None => good = false,
                Some(body) => {
                    let place = arm.body.span();
                    arms.push(Arm { name, pattern, guard, bound, body, place });
                }
            }
        }
        let text = spell(&found.expr);
        let scrutinee = scrutinee?;
        good.then(|| Flow::Match(Box::new(Match { text, scrutinee, arms })))
    }

    /// What is matched. It is matched again where a bound name is used, so then it must give the same again:
    /// what is no projection is computed before, and journaled.
    pub(super) fn scrutinee(
        &mut self,
        expression: &Expr,
        again: bool,
        into: &mut Statements,
    ) -> Option<Expr> {
        let expression = self.taken_apart(expression, into)?;
        if !again || is_projection(&expression) {
            return Some(expression);
        }
        let place = expression.span();
        Some(self.kept(Flow::Value(expression), place, into))
    }

    /// What is matched. The arms decide on a failure, so a call needs no mark here.
    fn taken_apart(&mut self, expression: &Expr, into: &mut Statements) -> Option<Expr> {
        let Expr::Await(awaited) = forms::bare(expression) else { return self.pure(expression, into) };
        let flow = self.awaited(&awaited.base, IfFailed::Decide, into)?;
        Some(self.kept(flow, expression.span(), into))
    }

    /// The names that a pattern binds.
    pub(super) fn names(&mut self, pattern: &Pat) -> Vec<Ident> {
        struct Names<'r, 'e> {
            reader: &'r mut Reader<'e>,
            found: Vec<Ident>,
        }
        impl<'a> Visit<'a> for Names<'_, '_> {
            fn visit_pat_ident(&mut self, name: &'a PatIdent) {
                if name.mutability.is_some() {
                    self.reader.errors.at(name, Mistake::Mut);
                }
                // `None` looks like a name.
                if !forms::is_upper(&name.ident) && !self.found.contains(&name.ident) {
                    self.found.push(name.ident.clone());
                }
                visit::visit_pat_ident(self, name);
            }
        }
        let mut names = Names { reader: self, found: vec![] };
        names.visit_pat(pattern);
        names.found
    }
}

/// A pattern, and the guard behind it.
fn guarded(pattern: &Pat) -> (&Pat, Option<&Expr>) {
    match pattern {
        Pat::Guard(guarded) => (&guarded.pat, Some(&guarded.guard)),
        pattern => (pattern, None),
    }
}

/// Two arms may have the same text, where it is long, or where the pattern is `_`.
fn not_taken(arms: &[Arm], wanted: String) -> String {
    let taken = |name: &str| arms.iter().any(|arm| arm.name == name);
    let mut name = wanted.clone();
    let mut n = 2;
    while taken(&name) {
        name = format!("{wanted}#{n}");
        n += 1;
    }
    name
}
