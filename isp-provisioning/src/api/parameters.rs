//! Query parameters: every fault is named, with what would be allowed.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::cursor;
use super::problem::Problem;
use crate::domain::FieldError;

/// The query of a request, being read.
pub(super) struct Parameters {
    given: BTreeMap<String, String>,
    faults: Vec<FieldError>,
}

impl Parameters {
    /// Takes the query text. Names that are not in `known` are faults.
    pub(super) fn new(query: Option<&str>, known: &[&str]) -> Self {
        let mut given = BTreeMap::new();
        let mut faults = vec![];
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
            if !known.contains(&&*name) {
                let words = format!("unknown parameter; known are {}", known.join(", "));
                faults.push(FieldError::new(&*name, words));
            }
            if given.insert(name.clone(), value).is_some() {
                faults.push(FieldError::new(name, "is given twice"));
            }
        }
        Self { given, faults }
    }

    /// A value of type `T`, if it is given.
    pub(super) fn read<T: FromStr>(&mut self, name: &str, allowed: impl Display) -> Option<T> {
        let text = self.given.get(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.fault(name, allowed);
        }
        value
    }

    /// A whole number within bounds, or the default.
    pub(super) fn number(&mut self, name: &str, least: u64, most: u64, default: u64) -> u64 {
        let allowed = format!("a whole number from {least} to {most}");
        match self.read::<u64>(name, &allowed) {
            Some(n) if (least..=most).contains(&n) => n,
            Some(_) => {
                self.fault(name, allowed);
                default
            }
            None => default,
        }
    }

    /// The place where a page begins, if it is given.
    pub(super) fn cursor<T: FromStr>(&mut self) -> Option<T> {
        let place = cursor::read(self.given.get("cursor")?);
        if place.is_none() {
            self.fault("cursor", "the next_cursor of an earlier page");
        }
        place
    }

    /// The text, if it is given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    pub(super) fn fault(&mut self, name: &str, allowed: impl Display) {
        self.faults.push(FieldError::new(name, format!("allowed: {allowed}")));
    }

    /// All faults at once.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::parameters(self.faults)) }
    }
}
