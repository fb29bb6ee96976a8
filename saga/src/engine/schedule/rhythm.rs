//! When a schedule ticks: a cron expression in a time zone. Pure.
//!
//! Where clocks go forward, what would have been in the hour that is missing happens at its end. Where they go back,
//! what has a time of day happens once, the first time; what happens every so many minutes goes on through both.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;

/// A tick that is fired within this time is not missed (longer, if ticks are looked for more rarely).
pub(super) const PUNCTUAL: Duration = Duration::from_secs(60);
/// So many ticks of one schedule are fired at once, at most.
const AT_ONCE: usize = 1000;

/// A cron expression in a time zone.
pub(super) struct Rhythm {
    cron: Cron,
    zone: TimeZone,
}

impl Rhythm {
    /// Reads both. `Err`: in words, what is wrong.
    pub(super) fn of(cron: &str, zone: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let parsed = parser.parse(cron).map_err(|e| {
            format!("`{cron}` is no cron expression (minute hour day month weekday, as in `30 2 * * *`): {e}")
        })?;
        let zone = TimeZone::get(zone).map_err(|_| {
            format!("there is no time zone `{zone}`; a name is like `Europe/Berlin` or `UTC`")
        })?;
        Ok(Self { cron: parsed, zone })
    }

    /// The first tick after that time; none if there is no more.
    pub(super) fn after(&self, time: Timestamp) -> Option<Timestamp> {
        self.cron.find_next_occurrence(&self.local(time)?, false).ok().map(|tick| point(&tick))
    }

    /// The ticks from `next` to `now` that are to be fired: those that are on time, and of those that nobody
    /// fired in time the latest ones, `catch_up` at most.
    pub(super) fn due(
        &self,
        next: Timestamp,
        now: Timestamp,
        punctual: Duration,
        catch_up: u32,
    ) -> Vec<Timestamp> {
        let (mut due, mut missed) = (vec![], 0);
        let mut at = self.local(now).and_then(|now| self.cron.find_previous_occurrence(&now, true).ok());
        while let Some(tick) = at.filter(|tick| point(tick) >= next && due.len() < AT_ONCE) {
            if now.since(point(&tick)) > punctual {
                if missed == catch_up {
                    break;
                }
                missed += 1;
            }
            due.push(point(&tick));
            at = self.cron.find_previous_occurrence(&tick, false).ok();
        }
        due.reverse();
        due
    }

    fn local(&self, time: Timestamp) -> Option<Zoned> {
        let second = time.as_micros().div_euclid(1_000_000);
        jiff::Timestamp::from_second(second).ok().map(|time| time.to_zoned(self.zone.clone()))
    }
}

fn point(time: &Zoned) -> Timestamp {
    Timestamp::from_micros(time.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }
    fn ticks(cron: &str, zone: &str, from: &str, n: usize) -> Vec<String> {
        let rhythm = Rhythm::of(cron, zone).unwrap();
        let all = std::iter::successors(rhythm.after(at(from)), |last| rhythm.after(*last));
        all.take(n).map(|tick| tick.to_string()).collect()
    }

    #[test]
    fn a_job_at_half_past_two_runs_at_three_on_the_day_without_that_hour() {
        let berlin = ticks("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3);
        assert_eq!(berlin, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_job_at_half_past_two_runs_once_on_the_day_with_two_of_them() {
        let berlin = ticks("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3);
        assert_eq!(berlin, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]);
    }

    #[test]
    fn what_happens_every_half_hour_goes_on_through_both() {
        let spring = ticks("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3);
        assert_eq!(spring, ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]);
        let autumn = ticks("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 4);
        assert_eq!(autumn[..2], ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"]);
        assert_eq!(autumn[2..], ["2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"]);
    }

    /// A tick's key is its time: seen from either side it must be the same.
    #[test]
    fn looking_back_finds_the_ticks_that_looking_forward_does() {
        for cron in ["30 2 * * *", "0 2 * * *", "0 3 * * *", "*/30 * * * *", "15 2-3 * * *", "30 2 29 3 *"] {
            let rhythm = Rhythm::of(cron, "Europe/Berlin").unwrap();
            for (from, to) in [("2026-03-25", "2026-04-02"), ("2026-10-20", "2026-10-29")] {
                let (from, to) = (at(&format!("{from}T12:00:00Z")), at(&format!("{to}T12:00:00Z")));
                let forward = std::iter::successors(rhythm.after(from), |last| rhythm.after(*last));
                let forward: Vec<_> = forward.take_while(|tick| *tick <= to).collect();
                assert_eq!(
                    rhythm.due(from.plus(Duration::from_secs(1)), to, PUNCTUAL, u32::MAX),
                    forward,
                    "{cron}"
                );
            }
        }
    }

    #[test]
    fn missed_ticks_are_made_up_for_as_often_as_was_said() {
        let hourly = Rhythm::of("0 * * * *", "UTC").unwrap();
        let due =
            |now: &str, catch_up| hourly.due(at("2026-01-01T01:00:00Z"), at(now), PUNCTUAL, catch_up).len();
        assert_eq!(due("2026-01-01T00:59:59Z", 9), 0);
        assert_eq!(due("2026-01-01T01:00:59.9Z", 0), 1, "it is on time");
        assert_eq!(due("2026-01-01T01:02:00Z", 0), 0);
        assert_eq!(due("2026-01-01T08:30:00Z", 1), 1);
        assert_eq!(due("2026-01-01T08:30:00Z", 3), 3);
        assert_eq!(due("2026-01-01T08:30:00Z", 99), 8);
        assert_eq!(due("2026-01-01T08:00:01Z", 1), 2, "one that is missed, and one that is on time");
        assert_eq!(due("2027-01-01T08:30:00Z", u32::MAX), AT_ONCE);
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        let words = |cron, zone| Rhythm::of(cron, zone).err().unwrap();
        assert!(words("every day", "UTC").contains("no cron expression"));
        assert!(words("0 0 * * *", "Europe/Atlantis").contains("no time zone `Europe/Atlantis`"));
        assert_eq!(Rhythm::of("0 0 30 2 *", "UTC").unwrap().after(at("2026-01-01T00:00:00Z")), None);
    }
}
