//! Moments that differ only in what nobody can tell apart are one moment.

use crate::state::{Hand, Job, Known, Row, State};

impl State {
    /// The same moment in its plainest form.
    pub(crate) fn plain(mut self) -> Self {
        self.number_revs();
        self.forget_the_gone();
        self.txs.sort_unstable();
        self
    }

    /// A `rev` is only ever compared, and the header's is the highest.
    fn number_revs(&mut self) {
        for flow in 0..self.flows.len() {
            let mut seen = vec![];
            self.each_rev(flow, |rev| seen.push(*rev));
            seen.sort_unstable();
            seen.dedup();
            self.each_rev(flow, |rev| {
                *rev = seen
                    .iter()
                    .position(|other| other == rev)
                    .and_then(|at| u8::try_from(at).ok())
                    .unwrap_or(*rev);
            });
        }
    }

    fn each_rev(&mut self, flow: usize, mut see: impl FnMut(&mut u8)) {
        let header = &mut self.flows[flow];
        see(&mut header.rev);
        see(&mut header.since);
        for life in self.processes.iter_mut().filter_map(|process| process.life.as_mut()) {
            if let Hand::Runs(Known { rev, since }) | Hand::Waits(Known { rev, since }, _) =
                &mut life.hands[flow]
            {
                see(rev);
                see(since);
            }
        }
        for tx in &mut self.txs {
            match &mut tx.job {
                Job::Batch { flow: of, rev, since, .. } if usize::from(*of) == flow => {
                    see(rev);
                    see(since);
                }
                _ => {}
            }
        }
    }

    /// The names of workers that nobody mentions.
    fn forget_the_gone(&mut self) {
        while let Some(name) =
            self.rows.iter().rposition(|row| *row == Row::Gone).and_then(|at| self.unnamed(at))
        {
            self.rows.remove(usize::from(name));
            self.each_name(|other| *other -= u8::from(*other > name));
        }
    }

    fn unnamed(&mut self, last: usize) -> Option<u8> {
        let mut named = vec![];
        self.each_name(|name| named.push(*name));
        let gone = |name: &u8| self.rows[usize::from(*name)] == Row::Gone && !named.contains(name);
        (0..=u8::try_from(last).ok()?).rev().find(gone)
    }

    fn each_name(&mut self, mut see: impl FnMut(&mut u8)) {
        self.flows.iter_mut().filter_map(|flow| flow.owner.as_mut()).for_each(&mut see);
        for process in &mut self.processes {
            if let Some(was) = &mut process.was {
                see(was);
            }
            if let Some(life) = &mut process.life {
                see(&mut life.worker);
                if let Some(heir_of) = &mut life.heir_of {
                    see(heir_of);
                }
            }
        }
        for tx in &mut self.txs {
            see(&mut tx.worker);
            if let Job::Fence { victim } = &mut tx.job {
                see(victim);
            }
        }
    }
}
