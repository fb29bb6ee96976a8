//! What went wrong in a seed: how often a run of many was put to which test.

/// What went wrong in one seed, or in how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// A worker was killed while it owned workflows.
    pub crash: u32,
    /// A workflow was taken from a dead worker.
    pub takeover: u32,
    /// A write was refused: the worker was declared dead, or the header had changed.
    pub refused: u32,
    /// An answer got lost, of the store or of another system.
    pub lost_answer: u32,
    /// A request took effect after its sender had given up.
    pub late_effect: u32,
    /// A compensation failed for good.
    pub debt: u32,
    /// A worker woke up after its lease was over.
    pub zombie: u32,
    /// A workflow was cancelled.
    pub cancel: u32,
    /// A workflow was retried by an operator.
    pub retry: u32,
    /// A pivot was done.
    pub pivot: u32,
    /// A start or a retry was refused: another workflow has what it wants for itself alone.
    pub excluded: u32,
    /// A worker did not know the newest version of a saga.
    pub older: u32,
    /// An event happened that has to start workflows.
    pub event: u32,
    /// A commit could not be stored.
    pub unstorable: u32,
    /// Something was secret.
    pub secret: u32,
    /// A tick of a schedule has started a workflow.
    pub tick: u32,
    /// A tick was passed over, as an earlier one's workflow was under way.
    pub passed_over: u32,
}

impl Coverage {
    /// The figures by name.
    pub fn figures(&self) -> [(&'static str, u32); 17] {
        [
            ("crash", self.crash),
            ("takeover", self.takeover),
            ("refused write", self.refused),
            ("lost answer", self.lost_answer),
            ("late effect", self.late_effect),
            ("debt", self.debt),
            ("zombie", self.zombie),
            ("cancel", self.cancel),
            ("retry", self.retry),
            ("pivot", self.pivot),
            ("excluded", self.excluded),
            ("older worker", self.older),
            ("event", self.event),
            ("unstorable", self.unstorable),
            ("secret", self.secret),
            ("tick", self.tick),
            ("tick passed", self.passed_over),
        ]
    }
    /// One more seed.
    pub fn count(&mut self, seed: &Self) {
        let all = [
            (&mut self.crash, seed.crash),
            (&mut self.takeover, seed.takeover),
            (&mut self.refused, seed.refused),
            (&mut self.lost_answer, seed.lost_answer),
            (&mut self.late_effect, seed.late_effect),
            (&mut self.debt, seed.debt),
            (&mut self.zombie, seed.zombie),
            (&mut self.cancel, seed.cancel),
            (&mut self.retry, seed.retry),
            (&mut self.pivot, seed.pivot),
            (&mut self.excluded, seed.excluded),
            (&mut self.older, seed.older),
            (&mut self.event, seed.event),
            (&mut self.unstorable, seed.unstorable),
            (&mut self.secret, seed.secret),
            (&mut self.tick, seed.tick),
            (&mut self.passed_over, seed.passed_over),
        ];
        for (sum, one) in all {
            *sum += one.min(1);
        }
    }
}
