//! What is wrong with a definition, and where.

use std::fmt;

/// Where in the JSON: `steps[3].parallel[0][1].args.subscriber`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Place>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Index(usize),
    Key(String),
}

impl Path {
    pub(super) fn key(&self, key: &str) -> Self {
        self.and(Place::Key(key.to_owned()))
    }
    pub(super) fn index(&self, index: usize) -> Self {
        self.and(Place::Index(index))
    }
    fn and(&self, place: Place) -> Self {
        let mut path = self.clone();
        path.0.push(place);
        path
    }
    pub(super) fn is_within(&self, other: &Path) -> bool {
        self.0.starts_with(&other.0)
    }

    /// What they have in common, and how each goes on.
    fn parting<'a>(&'a self, other: &'a Path) -> (&'a [Place], Option<&'a Place>, Option<&'a Place>) {
        let same = self.0.iter().zip(&other.0).take_while(|(a, b)| a == b).count();
        (self.0.get(..same).unwrap_or_default(), self.0.get(same), other.0.get(same))
    }

    /// Do the two stand in different branches of one `parallel`?
    pub(super) fn is_beside(&self, other: &Path) -> bool {
        let (common, mine, theirs) = self.parting(other);
        let apart = |place| matches!(place, Some(&Place::Index(_)));
        common.last() == Some(&Place::Key("parallel".to_owned())) && apart(mine) && apart(theirs)
    }

    /// Do the two stand in different arms of one `if` or `match`?
    pub(super) fn is_in_other_arm(&self, other: &Path) -> bool {
        let (_, mine, theirs) = self.parting(other);
        let arm = |place: Option<&Place>| matches!(place, Some(Place::Key(key)) if ["then", "else", "arms"].contains(&key.as_str()));
        let named = |place: Option<&Place>| matches!(place, Some(Place::Key(_)));
        arm(mine) && arm(theirs) || self.is_in_arms(other) && named(mine) && named(theirs)
    }
    fn is_in_arms(&self, other: &Path) -> bool {
        self.parting(other).0.last() == Some(&Place::Key("arms".to_owned()))
    }

    /// Does it stand in an earlier step of the same list?
    pub(super) fn is_before(&self, other: &Path) -> bool {
        matches!(self.parting(other), (_, Some(Place::Index(mine)), Some(Place::Index(theirs))) if mine < theirs)
            || matches!(self.parting(other), (_, Some(_), Some(Place::Key(key))) if key == "output")
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, place) in self.0.iter().enumerate() {
            match place {
                Place::Index(index) => write!(f, "[{index}]")?,
                Place::Key(key) if key.is_empty() || key.contains(['.', '[', ' ', '"']) => {
                    write!(f, "[{key:?}]")?
                }
                Place::Key(key) if i == 0 => f.write_str(key)?,
                Place::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Where: `steps[3].parallel[0][1].args.subscriber`. Empty for the definition as a whole.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// A definition that is not loaded, and all that is wrong with it: one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// Those of form first, then those of meaning, each in the order of the text; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}

/// Collects what is wrong, so that a person sees all of it at once.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, path: &Path, message: impl Into<String>) {
        let fault = Fault { path: path.to_string(), message: message.into() };
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(super) fn into_error(self) -> LoadError {
        LoadError { faults: self.0 }
    }
}

/// `` `a`, `b` ``
pub(super) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// `; did you mean ..?`, or what there is.
pub(super) fn hint<S: AsRef<str>>(name: &str, known: &[S], all: &str) -> String {
    let near = known.iter().map(|k| (distance(name, k.as_ref()), k.as_ref())).min();
    // `for_each` for `each`, `attempts` for `max_attempts`.
    let within = |k: &str| name.contains(k) && k.len() >= 4 || k.contains(name) && name.len() >= 4;
    match near {
        Some((far, near)) if far <= 1 + name.chars().count() / 4 => format!("; did you mean `{near}`?"),
        Some(_) => match known.iter().map(AsRef::as_ref).find(|k| within(k)) {
            Some(word) => format!("; did you mean `{word}`?"),
            None => format!("; {all} {}", list(known)),
        },
        None => String::new(),
    }
}

/// How many letters are put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(100).enumerate() {
        let mut next = vec![i + 1];
        for ((y, pair), left) in b.iter().zip(row.windows(2)).zip(0..) {
            let [diagonal, above] = *pair else { continue };
            let left = next.get(left).copied().unwrap_or_default();
            next.push((diagonal + usize::from(x != *y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_near() {
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("ab", "ab")), (3, 3, 0));
        assert_eq!(
            hint("creat_customer", &["create_customer", "b"], "x"),
            "; did you mean `create_customer`?"
        );
        assert_eq!(hint("zzz", &["aaa", "bbb"], "the steps are"), "; the steps are `aaa`, `bbb`");
    }

    #[test]
    fn branches_of_one_parallel_are_beside_each_other() {
        let parallel = Path::default().key("steps").index(1).key("parallel");
        let (a, b) = (parallel.index(0).index(0), parallel.index(1).index(3).key("args"));
        assert!(a.is_beside(&b) && !a.is_beside(&parallel.index(0).index(1)));
        assert_eq!(b.to_string(), "steps[1].parallel[1][3].args");
    }
}
