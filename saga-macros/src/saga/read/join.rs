//! `try_join!` and its branches.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, Macro, Stmt, Token};

use super::{Reader, Wanted, ok_value};
use crate::saga::forms::{self, NotAwaited, What};
use crate::saga::mistake::Mistake;
use crate::saga::model::{Block, Flow, IfFailed, Join};

impl Reader<'_> {
    pub(super) fn join(&mut self, keyword: &Ident, found: &Macro) -> Option<Join> {
        if keyword != "try_join" {
            self.errors.at(keyword, Mistake::JoinWord);
            return None;
        }
        let branches = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(found.tokens.clone());
        let branches = self.errors.ok(branches)?;
        let branches: Vec<_> = branches.iter().map(|branch| self.branch(branch)).collect();
        let branches = branches.into_iter().collect::<Option<_>>()?;
        Some(Join { keyword: keyword.clone(), branches })
    }

    fn branch(&mut self, branch: &Expr) -> Option<Block> {
        if let Expr::Async(block) = branch {
            let mut statements = vec![];
            let Some((Stmt::Expr(end, None), head)) = block.block.stmts.split_last() else {
                self.errors.at(branch, Mistake::BranchEnd);
                return None;
            };
            self.statements(head, &mut statements);
            let Some(value) = ok_value(end) else {
                self.errors.at(end, Mistake::BranchEnd);
                return None;
            };
            let value = self.flow(value, Wanted::Value, &mut statements)?;
            return Some(Block { statements, value: Some(value) });
        }
        let mut before = vec![];
        let value = match forms::awaited(branch) {
            Ok(awaited) => match awaited.what {
                // What it computes first would be computed before the other branches, and not beside them.
                What::Step(_) => Flow::Call(Box::new(self.plain_call(branch)?)),
                What::Sleep(_) => {
                    self.errors.at(branch, Mistake::BranchSleeps);
                    return None;
                }
                _ => self.word(&awaited, IfFailed::Fail, &mut before)?,
            },
            Err(not) => {
                let awaited =
                    matches!(branch, Expr::Await(_) | Expr::Try(_)) || forms::tolerated(branch).is_some();
                self.errors.at(
                    branch,
                    match not {
                        _ if awaited => Mistake::BranchAwaited,
                        NotAwaited::Method => Mistake::AwaitsMethod,
                        NotAwaited::Other => Mistake::BranchForm,
                    },
                );
                return None;
            }
        };
        Some(Block { statements: before, value: Some(value) })
    }
}
