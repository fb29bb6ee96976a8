//! Which names can be read where, and why the others cannot.

use std::collections::BTreeMap;

use super::fault::{Path, hint};
use super::model::{Entry, Saga, What};
use super::template::{Read, Reference};
use crate::definition::plan::NodeId;
use crate::definition::shape::Shape;

/// A value that can be read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// `None`: the item of a list.
    pub(super) node: Option<NodeId>,
    pub(super) shape: Shape,
}

pub(super) struct Scope {
    /// The innermost block last. What ends a block is forgotten, except at the end of a branch.
    blocks: Vec<BTreeMap<String, Known>>,
    /// All ids of the definition, in its order.
    ids: Vec<(String, Path)>,
}

impl Scope {
    pub(super) fn of(saga: &Saga, input: Shape) -> Self {
        let mut ids = vec![];
        collect(&saga.steps, &mut ids);
        let input = Known { node: Some(NodeId(0)), shape: input };
        Self { blocks: vec![BTreeMap::from([("input".to_owned(), input)])], ids }
    }

    pub(super) fn open(&mut self) {
        self.blocks.push(BTreeMap::new());
    }
    /// Ends a block; what it declared can be kept.
    pub(super) fn close(&mut self) -> BTreeMap<String, Known> {
        self.blocks.pop().unwrap_or_default()
    }
    pub(super) fn keep(&mut self, names: BTreeMap<String, Known>) {
        if let Some(block) = self.blocks.last_mut() {
            block.extend(names);
        }
    }
    pub(super) fn declare(&mut self, id: &str, known: Known) {
        self.keep(BTreeMap::from([(id.to_owned(), known)]));
    }
    pub(super) fn is_visible(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Where the id was given first, if that is elsewhere.
    pub(super) fn taken(&self, id: &str, at: &Path) -> Option<&Path> {
        self.ids.iter().find(|(known, _)| known == id).map(|(_, first)| first).filter(|first| *first != at)
    }

    fn find(&self, name: &str) -> Option<&Known> {
        self.blocks.iter().rev().find_map(|block| block.get(name))
    }

    /// What a reference reads, and what that looks like.
    pub(super) fn read(&self, reference: &Reference) -> Result<(Read, Shape), String> {
        let Some(known) = self.find(&reference.root) else { return Err(self.reason(reference)) };
        let mut shape = known.shape.clone();
        let mut said = format!("${}", reference.root);
        for field in &reference.fields {
            shape = shape
                .field(field)
                .map_err(|fields| format!("`{said}` has no `{field}`{}", hint(field, &fields, "it has")))?;
            said = format!("{said}.{field}");
        }
        Ok((Read { node: known.node, fields: reference.fields.clone() }, shape))
    }

    /// Why that name cannot be read there.
    fn reason(&self, reference: &Reference) -> String {
        let Reference { root, at, .. } = reference;
        let Some((_, declared)) = self.ids.iter().find(|(id, _)| id == root) else {
            let visible: Vec<&String> = self.blocks.iter().flat_map(BTreeMap::keys).collect();
            return format!("nothing is named `{root}`{}", hint(root, &visible, "what can be read here is"));
        };
        if at.is_within(declared) {
            return format!(
                "`${root}` is what this step itself gives: it can read only what comes before it"
            );
        }
        if at.is_beside(declared) {
            return format!(
                "`${root}` is in another branch, at {declared}: branches run side by side and cannot read each other"
            );
        }
        if at.is_in_other_arm(declared) {
            return format!("`${root}` is in another arm, at {declared}: only one of the arms runs");
        }
        if declared.is_before(at) {
            return format!(
                "`${root}` is inside of an arm, at {declared}: give the whole an id and read that"
            );
        }
        format!("`${root}` comes later, at {declared}: a step can read only what comes before it")
    }
}

fn collect(entries: &[Entry], ids: &mut Vec<(String, Path)>) {
    for entry in entries {
        ids.extend(entry.id.as_ref().map(|id| (id.clone(), entry.at.clone())));
        match &entry.what {
            What::Parallel(branches) => branches.iter().for_each(|branch| collect(branch, ids)),
            What::If { then, otherwise, .. } => {
                collect(then, ids);
                collect(otherwise, ids);
            }
            What::Match { arms, otherwise, .. } => {
                arms.iter().for_each(|(_, arm)| collect(arm, ids));
                otherwise.iter().for_each(|arm| collect(arm, ids));
            }
            _ => {}
        }
    }
}
