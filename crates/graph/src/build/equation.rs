//! Equations of `einsum`: what `ij,jk->ik` says of the axes of operands and result.

use std::collections::BTreeSet;
use std::fmt;

use crate::mistake::Problem;

/// What an axis is called in an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Label {
    /// An axis that an ellipsis stands for, counted from the last one: these are broadcast.
    Broadcast(usize),
    /// An axis with a letter: wherever the letter stands, the size is the same.
    Named(char),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Broadcast(_) => f.write_str("..."),
            Label::Named(letter) => write!(f, "{letter}"),
        }
    }
}

/// The labels of the axes of each operand, and of the result.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Equation {
    pub(super) operands: Vec<Vec<Label>>,
    pub(super) result: Vec<Label>,
}

/// A piece of an equation, with its place in the string: letters, and an ellipsis before some of them.
#[derive(Default)]
struct Term {
    at: usize,
    letters: Vec<char>,
    ellipsis: Option<usize>,
}

impl Equation {
    /// Reads an equation for operands of these ranks.
    pub(super) fn parse(text: &str, ranks: &[usize]) -> Result<Equation, Problem> {
        let (terms, result) = split(text)?;
        if terms.len() != ranks.len() {
            let message = format!(
                "{text:?} names {} but {} given",
                crate::infer::plural(terms.len(), "operand"),
                match ranks.len() {
                    1 => "1 is".to_owned(),
                    count => format!("{count} are"),
                }
            );
            return Err(Problem::argument(message).help("separate the operands by commas"));
        }
        let pairs = terms.iter().zip(ranks).enumerate();
        let operands: Vec<Vec<Label>> = pairs
            .map(|(place, (term, rank))| term.labels(text, place, *rank))
            .collect::<Result<_, _>>()?;
        let broadcast = operands.iter().flatten().filter_map(|label| match label {
            Label::Broadcast(place) => Some(place + 1),
            Label::Named(_) => None,
        });
        let broadcast = broadcast.max().unwrap_or(0);
        let result = match result {
            Some(term) => explicit(text, &term, &operands, broadcast)?,
            None => implicit(&operands, broadcast),
        };
        Ok(Equation { operands, result })
    }
}

impl Term {
    /// The labels of the axes of an operand.
    fn labels(&self, text: &str, place: usize, rank: usize) -> Result<Vec<Label>, Problem> {
        let named = self.letters.len();
        let fits = if self.ellipsis.is_some() {
            named <= rank
        } else {
            named == rank
        };
        if !fits {
            let message = format!(
                "operand {place} has rank {rank} but {text:?} names {} of it at character {}",
                match named {
                    1 => "1 axis".to_owned(),
                    count => format!("{count} axes"),
                },
                self.at
            );
            let help = "name each axis by a letter, or several by `...`";
            return Err(Problem::argument(message).help(help));
        }
        Ok(self.with_ellipsis_of(rank.saturating_sub(named)))
    }

    /// The labels, of which the ellipsis, if there is one, stands for so many.
    fn with_ellipsis_of(&self, count: usize) -> Vec<Label> {
        let named = self.letters.iter().copied().map(Label::Named);
        let mut labels: Vec<Label> = named.collect();
        if let Some(before) = self.ellipsis {
            labels.splice(before..before, (0..count).rev().map(Label::Broadcast));
        }
        labels
    }
}

/// The terms of the operands and, after an arrow, that of the result.
fn split(text: &str) -> Result<(Vec<Term>, Option<Term>), Problem> {
    let mut terms = vec![Term {
        at: 1,
        ..Term::default()
    }];
    let mut result: Option<Term> = None;
    let mut characters = (1..).zip(text.chars()).peekable();
    while let Some((at, character)) = characters.next() {
        let is_result = result.is_some();
        let Some(term) = result.as_mut().or(terms.last_mut()) else {
            break;
        };
        let fresh = || Term {
            at: at + 1,
            ..Term::default()
        };
        match character {
            ' ' => {}
            ',' if !is_result => terms.push(fresh()),
            '-' if !is_result && characters.next_if(|(_, next)| *next == '>').is_some() => {
                result = Some(Term {
                    at: at + 2,
                    ..Term::default()
                });
            }
            '.' if term.ellipsis.is_none()
                && characters.next_if(|(_, next)| *next == '.').is_some()
                && characters.next_if(|(_, next)| *next == '.').is_some() =>
            {
                term.ellipsis = Some(term.letters.len());
            }
            letter if letter.is_ascii_alphabetic() => term.letters.push(letter),
            other => {
                let message = format!("{text:?} cannot be read at character {at}, {other:?}");
                return Err(Problem::argument(message).help(
                    "write a letter for each axis, `...` for those that are broadcast, commas between operands and one `->`",
                ));
            }
        }
    }
    Ok((terms, result))
}

fn explicit(
    text: &str,
    term: &Term,
    operands: &[Vec<Label>],
    broadcast: usize,
) -> Result<Vec<Label>, Problem> {
    let wrong = |message: String, help: &str| Err(Problem::argument(message).help(help));
    let mut seen = BTreeSet::new();
    for letter in &term.letters {
        if !seen.insert(letter) {
            let message = format!("the result of {text:?} names {letter:?} twice");
            return wrong(message, "name each axis of the result once");
        }
        if !operands
            .iter()
            .flatten()
            .any(|label| *label == Label::Named(*letter))
        {
            let message = format!("the result of {text:?} names {letter:?}, which no operand has");
            return wrong(message, "name axes of the operands");
        }
    }
    if term.ellipsis.is_none() && broadcast > 0 {
        let message =
            format!("the result of {text:?} has no `...` for the axes that are broadcast");
        return wrong(message, "put `...` after the arrow, too");
    }
    Ok(term.with_ellipsis_of(broadcast))
}

/// The axes that are broadcast, then those whose letter stands once, by the alphabet.
fn implicit(operands: &[Vec<Label>], broadcast: usize) -> Vec<Label> {
    let all = || operands.iter().flatten().copied();
    let named: BTreeSet<Label> = all()
        .filter(|label| matches!(label, Label::Named(_)))
        .filter(|label| all().filter(|other| other == label).count() == 1)
        .collect();
    (0..broadcast)
        .rev()
        .map(Label::Broadcast)
        .chain(named)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Equation, Label};

    #[track_caller]
    fn check(text: &str, ranks: &[usize], operands: &[&str], result: &str) {
        let read = Equation::parse(text, ranks).unwrap();
        let write = |labels: &[Label]| -> String {
            let word = |label: &Label| match label {
                Label::Broadcast(place) => place.to_string(),
                Label::Named(letter) => letter.to_string(),
            };
            labels.iter().map(word).collect()
        };
        let found: Vec<String> = read.operands.iter().map(|labels| write(labels)).collect();
        assert_eq!(found, operands, "{text}");
        assert_eq!(write(&read.result), result, "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, ranks: &[usize], message: &str) {
        let problem = Equation::parse(text, ranks).unwrap_err();
        assert_eq!(problem.message, message);
        assert!(problem.help.is_some());
    }

    #[test]
    fn equations() {
        check("ij,jk->ik", &[2, 2], &["ij", "jk"], "ik");
        check(" i j , jk -> k i ", &[2, 2], &["ij", "jk"], "ki");
        check("ij,jk", &[2, 2], &["ij", "jk"], "ik");
        check("ba", &[2], &["ba"], "ab");
        check("aB", &[2], &["aB"], "Ba");
        check("ii", &[2], &["ii"], "");
        check("->", &[0], &[""], "");
        check("", &[0], &[""], "");
        check("...ij,...jk->...ik", &[4, 3], &["10ij", "0jk"], "10ik");
        check("i...,...", &[3, 1], &["i10", "0"], "10i");
        check("i...->i...", &[1], &["i"], "i");
        check("i->i...", &[1], &["i"], "i");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place() {
        for (text, at, character) in [
            ("ij,j%->i", 5, '%'),
            ("ij-jk", 3, '-'),
            ("i->i->i", 5, '-'),
            ("ij->i,j", 6, ','),
            ("..i", 1, '.'),
            ("...i...", 5, '.'),
            ("é", 1, 'é'),
            ("i1", 2, '1'),
        ] {
            let message = format!("{text:?} cannot be read at character {at}, {character:?}");
            check_refused(text, &[2, 2], &message);
        }
    }

    #[test]
    fn equations_that_do_not_fit() {
        check_refused("ij,jk", &[2], "\"ij,jk\" names 2 operands but 1 is given");
        check_refused("ij", &[2, 2], "\"ij\" names 1 operand but 2 are given");
        check_refused(
            "ij,jkl",
            &[2, 2],
            "operand 1 has rank 2 but \"ij,jkl\" names 3 axes of it at character 4",
        );
        check_refused(
            "i...j",
            &[1],
            "operand 0 has rank 1 but \"i...j\" names 2 axes of it at character 1",
        );
        check_refused("ij->ii", &[2], "the result of \"ij->ii\" names 'i' twice");
        check_refused(
            "ij->k",
            &[2],
            "the result of \"ij->k\" names 'k', which no operand has",
        );
        check_refused(
            "...i->i",
            &[2],
            "the result of \"...i->i\" has no `...` for the axes that are broadcast",
        );
    }
}
