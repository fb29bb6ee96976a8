//! How far an attempt has come: kept for the next one, and only while it is the attempt that counts.

use super::command::{CallKind, Command, Pulse};
use super::state::Machine;
use super::step::{Act, Phase, Undo};
use crate::json::Json;
use crate::store::StepStatus;

impl Machine {
    /// What an attempt says that is over, because it took too long, must not stand where a later one has come further.
    pub(super) fn heartbeat(&mut self, pulse: Pulse, data: Json) {
        if !self.is_running(pulse) {
            return self.out.push(Command::HeartbeatLost(pulse));
        }
        let is_attempt = *self.phases.of(pulse.step) == Phase::Running;
        let state = self.state(pulse.step);
        state.row.heartbeat = Some(data);
        if is_attempt {
            state.row.status = StepStatus::Running;
        }
        self.touch(pulse.step);
        self.hold(Command::HeartbeatDurable(pulse));
    }

    fn is_running(&self, pulse: Pulse) -> bool {
        let Some(state) = self.steps.get(pulse.step as usize) else { return false };
        let is_running = match self.phases.of(pulse.step) {
            Phase::Running => true,
            Phase::Undoing(Undo { act: Act::Calling(kind), .. }) => *kind == CallKind::Run,
            _ => false,
        };
        is_running && state.called == pulse.call
    }

    /// Which of these commands say of the step's heartbeats that they are durable: they are not, and their attempt hears it.
    pub(super) fn lose_heartbeats(&mut self, step: u32, held: &mut Vec<Command>) {
        let of_step = |command: &Command| matches!(command, Command::HeartbeatDurable(p) if p.step == step);
        let (lost, kept) = std::mem::take(held).into_iter().partition::<Vec<_>, _>(of_step);
        *held = kept;
        for command in lost {
            if let Command::HeartbeatDurable(pulse) = command {
                self.state(step).row.heartbeat = None;
                self.out.push(Command::HeartbeatLost(pulse));
            }
        }
    }
}
