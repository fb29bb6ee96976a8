//! A step for each of several items: as many rows as there are items. Their number is known when the workflow
//! gets there; the list of their arguments is journaled before the first of them begins.

use std::ops::Range;
use std::sync::Arc;

use super::command::Env;
use super::state::{Machine, Settled};
use super::step::StepState;
use crate::error::StepError;
use crate::json::Json;

/// No list is longer.
const MOST: usize = 10_000;

impl Machine {
    /// All steps: those of the plan by `step_order`, then items as they came.
    pub(super) fn all_steps(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    #[cfg(test)]
    pub(super) fn row_of(&self, step: u32) -> &crate::store::StepRow {
        &self.steps[step as usize].row
    }

    /// Is it the place of a list, whose items are steps of their own?
    pub(super) fn is_list(&self, step: u32) -> bool {
        let state = &self.steps[step as usize];
        state.spec.each.is_some() && state.list.is_none()
    }

    /// The items are known: each becomes a step of its own.
    pub(super) fn expand(&mut self, list: u32, arguments: &Json) -> Result<(), StepError> {
        let items: Vec<Json> = arguments.decode().map_err(StepError::permanent)?;
        if items.len() > MOST {
            return Err(StepError::permanent(format!("a list of {} items; {MOST} is the most", items.len())));
        }
        let (node, spec) = (self.steps[list as usize].node, self.spec(list));
        let plan = Arc::clone(&self.plan);
        let first = self.all_steps().end;
        for (i, args) in items.into_iter().enumerate() {
            let mut item = StepState::new(self.header.run, node, &plan.nodes()[node.0 as usize], &spec);
            item.row.item = i.to_string().into();
            item.args = Some(args);
            item.list = Some(list);
            item.index = u32::try_from(i).unwrap_or(u32::MAX);
            self.steps.push(item);
        }
        self.state(list).items = Some(first..self.all_steps().end);
        Ok(())
    }

    /// Begins as many items as may run side by side.
    pub(super) fn start_items(&mut self, list: u32, env: Env) {
        let Some(open) = self.open_items(list) else { return };
        let at_once = self.steps[list as usize].spec.each.unwrap_or(1) as usize;
        let under_way = self.phases.active_in(open.clone()).filter(|i| !self.is_given(*i)).count();
        let waiting = open.filter(|i| self.phases.is_idle(*i) && !self.is_given(*i));
        let next: Vec<u32> = waiting.take(at_once.saturating_sub(under_way)).collect();
        for item in next {
            self.start(item, env);
        }
        self.gather(list);
    }

    /// The items of a list from the first one on that is not given.
    fn open_items(&mut self, list: u32) -> Option<Range<u32>> {
        let state = &self.steps[list as usize];
        let (items, before) = (state.items.clone()?, state.given_before);
        let mut open = items.start + before..items.end;
        while !open.is_empty() && self.is_given(open.start) {
            open.start += 1;
        }
        self.state(list).given_before = open.start - items.start;
        Some(open)
    }

    /// Can this item have begun? They begin in order, and one that makes room for another is durable by then.
    pub(super) fn is_item_reached(&self, step: u32) -> bool {
        let state = &self.steps[step as usize];
        let Some(list) = state.list else { return true };
        let items = self.steps[list as usize].items.clone().unwrap_or_default();
        let open_before = items.take(state.index as usize).filter(|i| !self.is_given(*i)).count();
        open_before < state.spec.each.unwrap_or(1) as usize
    }

    /// Has the saga got what the step gives?
    pub(super) fn is_given(&self, step: u32) -> bool {
        let state = &self.steps[step as usize];
        match state.list {
            Some(_) => state.value.is_some(),
            None => self.settled[state.node.0 as usize] != Settled::No,
        }
    }

    /// What the step gives to the saga; the value of a list is there when that of every item is.
    pub(super) fn give(&mut self, step: u32, value: Json) {
        let state = self.state(step);
        let node = state.node;
        match state.list {
            None => self.settle(node, value),
            Some(list) => {
                state.value = Some(value);
                self.gather(list);
            }
        }
    }

    fn gather(&mut self, list: u32) {
        let node = self.steps[list as usize].node;
        if self.settled[node.0 as usize] != Settled::No {
            return;
        }
        if self.open_items(list).is_none_or(|open| !open.is_empty()) {
            return;
        }
        let items = self.steps[list as usize].items.clone().unwrap_or_default();
        let values: Option<Vec<&Json>> = items.map(|i| self.steps[i as usize].value.as_ref()).collect();
        if let Some(Ok(value)) = values.map(|values| Json::encode(&values)) {
            self.settle(node, value);
            self.unfinished = true;
        }
    }
}
