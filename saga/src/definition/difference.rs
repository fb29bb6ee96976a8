//! How two plans differ, line by line.

use super::retold::retold;

/// More lines than this are not aligned.
const MOST: usize = 2000;

/// The lines of plans that were taken out (`-`) and put in (`+`), in their order, in words; each on a line of its own.
/// Empty: there is no difference.
pub(crate) fn difference(theirs: &str, ours: &str) -> String {
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (theirs.lines().collect(), ours.lines().collect());
    let mut out = String::new();
    for (sign, line) in edits(&theirs, &ours) {
        out.push('\n');
        out.push(sign);
        out.push(' ');
        out.push_str(&retold(line));
    }
    out
}

fn edits<'t>(theirs: &[&'t str], ours: &[&'t str]) -> Vec<(char, &'t str)> {
    let same = theirs.iter().zip(ours).take_while(|(a, b)| a == b).count();
    let (theirs, ours) = (theirs.get(same..).unwrap_or_default(), ours.get(same..).unwrap_or_default());
    let same = theirs.iter().rev().zip(ours.iter().rev()).take_while(|(a, b)| a == b).count();
    let theirs = theirs.get(..theirs.len() - same).unwrap_or_default();
    let ours = ours.get(..ours.len() - same).unwrap_or_default();
    if theirs.len().max(ours.len()) > MOST {
        let out = theirs.iter().map(|line| ('-', *line));
        return out.chain(ours.iter().map(|line| ('+', *line))).collect();
    }
    aligned(theirs, ours)
}

/// Along the longest sequence of lines that both have.
fn aligned<'t>(theirs: &[&'t str], ours: &[&'t str]) -> Vec<(char, &'t str)> {
    // `common[i][j]`: the length of that of `theirs[i..]` and `ours[j..]`.
    let mut common = vec![vec![0_u32; ours.len() + 1]; theirs.len() + 1];
    let at = |common: &[Vec<u32>], i: usize, j: usize| {
        common.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default()
    };
    for (i, a) in theirs.iter().enumerate().rev() {
        for (j, b) in ours.iter().enumerate().rev() {
            let longest = if a == b {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(place) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = longest;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = vec![];
    loop {
        match (theirs.get(i), ours.get(j)) {
            (Some(a), Some(b)) if a == b => (i, j) = (i + 1, j + 1),
            (Some(a), other) if other.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                edits.push(('-', *a));
                i += 1;
            }
            (_, Some(b)) => {
                edits.push(('+', *b));
                j += 1;
            }
            (_, None) => return edits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_has_its_lines_in_order() {
        assert_eq!(difference("a\nb\nc", "a\nx\nc"), "\n- b\n+ x");
        assert_eq!(difference("a\nb\nc\nd", "a\nc\nb\nd"), "\n- b\n+ b");
        assert_eq!(difference("a\nb\na\nb", "b\na\nb\na"), "\n- a\n+ a");
        assert_eq!(difference("", "a\nb"), "\n+ a\n+ b");
    }

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!((difference("a", "a"), difference("", "")), (String::new(), String::new()));
    }

    #[test]
    fn very_long_plans_are_shown_whole() {
        let (a, b) = ("a\n".repeat(3000), "b\n".repeat(3));
        assert_eq!(difference(&a, &b).lines().count(), 3004);
    }
}
