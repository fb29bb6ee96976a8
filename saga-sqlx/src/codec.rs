//! How values stand in columns, and what is said when they cannot be read back.

use std::fmt;
use std::str::FromStr;

use saga::store::StoreError;
use saga::{Json, Timestamp};

use crate::cells::Moment;

/// `2025-10-15T12:00:00.000000Z`: of fixed width, so that texts compare in the order of time. Times beyond the
/// year 9999 stand as its end.
pub(crate) fn time_text(time: Timestamp) -> String {
    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_207_200_999_999;
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(6));
    let time = jiff::Timestamp::from_microsecond(time.as_micros().clamp(FIRST, LAST));
    PRINTER.timestamp_to_string(&time.unwrap_or_default())
}

/// Reads what [`time_text`] wrote, or what a person wrote with `datetime('now')`.
#[cfg(feature = "sqlite")]
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{}Z", text.trim_end_matches('Z'))))
}

/// Where a value was read, for messages.
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    pub(crate) fn corrupt(&self, column: &str, reason: impl fmt::Display) -> StoreError {
        let place = format!("{}.{column} of {}", self.table, self.row);
        StoreError::Corrupt { place, reason: reason.to_string() }
    }
    pub(crate) fn read<T: FromStr<Err: fmt::Display>>(
        &self,
        column: &str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse().map_err(|e| self.corrupt(column, e))
    }
    /// A count, of which there is always one more.
    pub(crate) fn number<T: TryFrom<i64, Error: fmt::Display>>(
        &self,
        column: &str,
        value: i64,
    ) -> Result<T, StoreError> {
        if i32::try_from(value).is_err() {
            return Err(self.corrupt(column, format!("{value} is out of range")));
        }
        value.try_into().map_err(|e| self.corrupt(column, e))
    }
    /// A revision, after which there are always more.
    pub(crate) fn rev(&self, value: i64) -> Result<i64, StoreError> {
        match value {
            0..=0x3FFF_FFFF_FFFF_FFFF => Ok(value),
            _ => Err(self.corrupt("rev", format!("{value} is out of range"))),
        }
    }
    pub(crate) fn time(&self, column: &str, cell: &Moment) -> Result<Timestamp, StoreError> {
        cell.read().map_err(|e| self.corrupt(column, e))
    }
    pub(crate) fn json(&self, column: &str, text: &str) -> Result<Json, StoreError> {
        Json::parse(text).map_err(|e| self.corrupt(column, e))
    }
    pub(crate) fn list(&self, column: &str, text: &str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(text).map_err(|e| self.corrupt(column, e))
    }
}

/// The JSON text that carries rows into a statement.
pub(crate) fn rows<T: serde::Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|e| StoreError::Configuration(format!("rows cannot be written: {e}")))
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_width_and_are_read_back() {
        for micros in [0, 1, -1, 1_760_529_600_000_000, 1_760_529_600_123_456] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(time_text(time).len(), 27);
            assert_eq!(read_time(&time_text(time)), Some(time));
        }
        for odd in [i64::MIN, i64::MAX] {
            assert_eq!(time_text(Timestamp::from_micros(odd)).len(), 27, "{odd}");
        }
        assert_eq!(time_text(Timestamp::from_micros(1_760_529_600_000_000)), "2025-10-15T12:00:00.000000Z");
    }

    #[test]
    fn a_time_that_a_person_wrote_is_read() {
        let noon = Some(Timestamp::from_micros(1_760_529_600_000_000));
        for text in ["2025-10-15 12:00:00", "2025-10-15T12:00:00Z", "2025-10-15T14:00:00+02:00"] {
            assert_eq!(read_time(text), noon, "{text}");
        }
        assert_eq!(read_time("yesterday"), None);
    }
}
