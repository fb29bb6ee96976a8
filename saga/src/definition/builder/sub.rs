//! Another saga's plan, laid into this one.

use std::sync::Arc;

use super::SagaBuilder;
use crate::definition::code::{Code, Compute, Definition};
use crate::definition::plan::{Guard, IfFailed, Node, NodeId, Op, SubSaga};
use crate::definition::values::Values;
use crate::error::StepError;
use crate::json::Json;

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// Lays a saga's nodes into this plan, between a node that computes its input and one that computes its
    /// output: the last one. What it says of deadlines and failure policy holds only when it is started itself.
    pub(in crate::definition) fn lay(
        &mut self,
        name: &str,
        saga: &Definition<R>,
        data: Vec<NodeId>,
        if_failed: IfFailed,
        input: Compute,
    ) -> NodeId {
        self.check_words(name);
        self.next.evaluated = false;
        let disclosed = std::mem::take(&mut self.next.disclosed);
        let plan = Arc::clone(saga.plan());
        let name = self.unique_name(name);
        let offset = self.next_id().0;
        let scope = u32::try_from(self.sub_sagas.len()).unwrap_or(u32::MAX);
        let shifted = |node: NodeId| NodeId(node.0 + offset);
        self.sub_sagas.push(SubSaga {
            name: Arc::clone(&name),
            saga: plan.id().clone(),
            first: NodeId(offset),
            last: NodeId(offset + u32::try_from(plan.nodes().len()).unwrap_or(u32::MAX)),
            if_failed,
            within: None,
        });
        for inner in plan.sub_sagas() {
            self.sub_sagas.push(SubSaga {
                name: format!("{name}.{}", inner.name).into(),
                first: shifted(inner.first),
                last: shifted(inner.last),
                within: Some(inner.within.map_or(scope, |w| w + scope + 1)),
                ..inner.clone()
            });
        }

        self.next.label = Some("input".to_owned());
        let first = self.place(&name, Op::Value, data);
        self.within(first, scope);
        if let Some(first) = self.nodes.last_mut() {
            first.secret = plan.is_input_secret();
        }
        self.code.insert(first, Code::Compute(input));

        let mut ends: Vec<NodeId> = vec![first];
        for (i, node) in plan.nodes().iter().enumerate().skip(1) {
            let id = shifted(NodeId(u32::try_from(i).unwrap_or(u32::MAX)));
            let mut guards = self.guards.clone();
            let condition =
                |g: &Guard| Guard { condition: shifted(g.condition), value: Arc::clone(&g.value) };
            guards.extend(node.guards.iter().map(condition));
            let after: Vec<NodeId> = node.after.iter().copied().map(shifted).collect();
            ends.retain(|end| !after.contains(end));
            ends.push(id);
            let op = self.shift_op(&node.op, id, offset);
            self.nodes.push(Node {
                name: self.not_taken(format!("{name}.{}", node.name)),
                op,
                after,
                data: node.data.iter().copied().map(shifted).collect(),
                guards,
                within: Some(node.within.map_or(scope, |w| w + scope + 1)),
                secret: node.secret,
                disclosed: node.disclosed,
            });
            if let Some(code) = saga.code(NodeId(id.0 - offset)) {
                self.code.insert(id, shift_code(code, offset));
            }
        }

        let inner = plan.expressions.iter();
        self.expressions.extend(inner.map(|(node, hash)| (format!("{name}.{node}").into(), *hash)));

        self.frontier = ends;
        let result = saga.result();
        let output: Compute = match if_failed {
            IfFailed::Decide => Arc::new(move |values: Values<'_>| {
                let output = result(values.from(offset))?;
                Json::encode(&Ok::<_, ()>(output)).map_err(StepError::permanent)
            }),
            IfFailed::Fail | IfFailed::GoOn => {
                Arc::new(move |values: Values<'_>| result(values.from(offset)))
            }
        };
        self.next.disclosed = disclosed || plan.discloses_output;
        let data = plan.output().iter().copied().map(shifted).collect();
        let last = self.place(&name, Op::Value, data);
        self.within(last, scope);
        self.code.insert(last, Code::Compute(output));
        last
    }

    fn within(&mut self, node: NodeId, scope: u32) {
        if let Some(node) = self.nodes.get_mut(node.0 as usize) {
            node.within = Some(scope);
        }
    }

    fn shift_op(&mut self, op: &Op, id: NodeId, offset: u32) -> Op {
        match op {
            Op::Step(step) => {
                let mut step = Arc::clone(step);
                Arc::make_mut(&mut step).step_order = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
                self.steps.push(id);
                Op::Step(step)
            }
            Op::Select { condition, arms } => Op::Select {
                condition: NodeId(condition.0 + offset),
                arms: arms.iter().map(|(v, n)| (Arc::clone(v), NodeId(n.0 + offset))).collect(),
            },
            other => other.clone(),
        }
    }
}

/// The same code, over values of which the first `offset` belong to somebody else.
fn shift_code<R>(code: &Code<R>, offset: u32) -> Code<R> {
    let shift = |f: &Compute| -> Compute {
        let f = Arc::clone(f);
        Arc::new(move |values: Values<'_>| f(values.from(offset)))
    };
    match code {
        Code::Step { step, args } => Code::Step { step: *step, args: shift(args) },
        Code::Compute(f) => Code::Compute(shift(f)),
    }
}
