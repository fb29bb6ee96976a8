//! `let .. else`, and `let` in a chain of `&&`.

use syn::visit::{self, Visit};
use syn::{Expr, ExprClosure, ExprIf, ExprReturn, Item, Pat, parse_quote};

use super::{Reader, Statements};
use crate::mentions;
use crate::saga::expression::is_projection;
use crate::saga::forms;
use crate::saga::mistake::Mistake;
use crate::saga::model::{Binding, Condition, LetElse};
use crate::saga::spelling::spell;
use crate::saga::validate;

impl Reader<'_> {
    /// `let pattern = value else { return Err(..) };`
    pub(super) fn let_else(
        &mut self,
        pattern: &Pat,
        value: &Expr,
        otherwise: &Expr,
        into: &mut Statements,
    ) -> Option<LetElse> {
        let Expr::Block(block) = otherwise else { return None };
        let good = self.fails(&block.block);
        let names = self.names(pattern);
        let value = self.scrutinee(value, true, into)?;
        let binding = Binding { pattern: pattern.clone(), value, names };
        good.then(|| LetElse { binding, otherwise: block.block.clone() })
    }

    /// The `else` of a `let` ends the saga with an error. That it ends is seen by the compiler.
    fn fails(&mut self, block: &syn::Block) -> bool {
        struct Find<'r, 'e>(&'r mut Reader<'e>, bool);
        impl<'a> Visit<'a> for Find<'_, '_> {
            fn visit_expr_return(&mut self, found: &'a ExprReturn) {
                let is_error = match found.expr.as_deref().map(forms::bare) {
                    Some(Expr::Call(call)) => {
                        matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Err"))
                    }
                    _ => false,
                };
                if !is_error {
                    self.0.errors.at(found, Mistake::Return);
                    self.1 = false;
                }
                visit::visit_expr_return(self, found);
            }
            fn visit_expr_closure(&mut self, _: &'a ExprClosure) {}
            fn visit_item(&mut self, _: &'a Item) {}
        }
        if forms::block_has_steps(block) {
            self.errors.at(block, Mistake::ElseWithStep);
            return false;
        }
        let mut find = Find(self, true);
        find.visit_block(block);
        find.1
    }

    /// `if condition && let pattern = value && ..`: one condition, and what it binds.
    pub(super) fn chain(
        &mut self,
        choice: &ExprIf,
        into: &mut Statements,
    ) -> Option<(Condition, Vec<Binding>)> {
        let text = spell(&choice.cond);
        let mut links = vec![];
        links_of(&choice.cond, &mut links);
        let (mut bindings, mut good, mut chain) = (vec![], true, None::<Expr>);
        for (n, link) in links.into_iter().enumerate() {
            let Some(link) = self.link(link, n == 0, &mut bindings, into) else {
                good = false;
                continue;
            };
            chain = Some(match chain {
                None => link,
                Some(before) => parse_quote!(#before && #link),
            });
        }
        let mentioned = mentions::of_block(&choice.then_branch);
        // What the arm uses is not used here, and what nobody uses is told by the compiler.
        let used = bindings.iter().flat_map(|binding: &Binding| &binding.names);
        let used = used.filter(|name| mentioned.contains(name));
        let (keyword, chain) = (&choice.if_token, chain.filter(|_| good)?);
        let expression = parse_quote!(#keyword #chain { #(let _ = &#used;)* true } else { false });
        Some((Condition { text, expression }, bindings))
    }

    /// One link of a chain. Whatever stands before it may not hold, so nothing is computed for it in advance.
    fn link(
        &mut self,
        link: &Expr,
        is_first: bool,
        bindings: &mut Vec<Binding>,
        into: &mut Statements,
    ) -> Option<Expr> {
        if !is_first && forms::has_steps(link) {
            self.errors.at(link, Mistake::ShortCircuit);
            return None;
        }
        let Expr::Let(binding) = link else {
            return self.pure(link, into);
        };
        let names = self.names(&binding.pat);
        let value = if is_first {
            self.scrutinee(&binding.expr, true, into)?
        } else if is_projection(&binding.expr) {
            (*binding.expr).clone()
        } else {
            validate::pure(&binding.expr, self.errors);
            self.errors.at(&binding.expr, Mistake::ChainComputes);
            return None;
        };
        let mut binding = binding.clone();
        bindings.push(Binding { pattern: (*binding.pat).clone(), value: value.clone(), names });
        *binding.expr = value;
        Some(Expr::Let(binding))
    }
}

fn links_of<'a>(condition: &'a Expr, links: &mut Vec<&'a Expr>) {
    match condition {
        Expr::Binary(both) if matches!(both.op, syn::BinOp::And(_)) => {
            links_of(&both.left, links);
            links_of(&both.right, links);
        }
        link => links.push(link),
    }
}
