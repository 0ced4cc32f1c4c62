//! From places of phrases to signs: what stands around a phrase takes it back, softens it, or makes it nearer.

use std::collections::HashSet;

use super::{
    RuleHit, Sign, Softening,
    message::{Message, Span},
};
use crate::domain::{
    content::rules_file::{Rule, RuleRoute, RulesFile},
    guardrails::concern::{Alarm, Concern, Level},
};

/// What a phrase around a sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Around {
    Laugh,
    Trivial,
    Weight,
    Urgent,
    Request,
    Affirm,
    Retreat,
    Clarify,
    Protect,
}

/// Where phrases stand in a message.
#[derive(Default)]
pub(super) struct Spans {
    /// What was found, and where.
    pub(super) phrases: Vec<(Sign, Span)>,
    /// In the order of their ends.
    pub(super) idioms: Vec<Span>,
    /// The first words of the message say yes.
    pub(super) begins_with_yes: bool,
    /// Rule and segment.
    unless: HashSet<(usize, usize)>,
    /// What is said in which segment.
    around: HashSet<(Around, usize)>,
    /// What is said at all.
    anywhere: HashSet<Around>,
}

impl Spans {
    pub(super) fn note_unless(&mut self, rule: usize, segment: usize) {
        self.unless.insert((rule, segment));
    }

    pub(super) fn note(&mut self, around: Around, segment: usize, at_start: bool) {
        self.begins_with_yes |= around == Around::Affirm && at_start;
        self.around.insert((around, segment));
        self.anywhere.insert(around);
    }

    /// Whether something makes light of what is said: laughter, an idiom, or words that take a rule back.
    pub(super) fn is_light(&self) -> bool {
        !self.has(Around::Weight)
            && (self.has(Around::Laugh) || !self.idioms.is_empty() || !self.unless.is_empty())
    }

    /// Whether a saying stands in the message that only sounds like a crisis.
    pub(super) fn has_idiom(&self) -> bool {
        !self.idioms.is_empty() && !self.has(Around::Weight)
    }

    /// Whether something is said anywhere in the message.
    pub(super) fn has(&self, around: Around) -> bool {
        self.anywhere.contains(&around)
    }

    /// One hit a rule, in the order of the file.
    pub(super) fn hits(&self, file: &RulesFile, message: &Message) -> Vec<RuleHit> {
        let mut found: Vec<Option<RuleHit>> = vec![None; file.rules.len()];
        for (sign, span) in &self.phrases {
            let rule = &file.rules[sign.rule];
            if self.takes_back(sign.rule, rule, *span, message) {
                continue;
            }
            let softened = match rule.route {
                RuleRoute::Crisis => self.soften(rule, *span, message),
                _ => None,
            };
            let is_near = softened.is_none() && self.said_near(Around::Urgent, *span, message);
            let hit = RuleHit {
                id: rule.id.clone(),
                route: rule.route,
                softened,
                alarm: alarm(rule, is_near),
                names_subject: sign.names_subject,
            };
            let seen = found[sign.rule].get_or_insert_with(|| hit.clone());
            let alarm = seen.alarm.or(hit.alarm);
            if seen.is_weaker_than(&hit) {
                *seen = hit;
            }
            seen.alarm = alarm;
        }
        found.into_iter().flatten().collect()
    }

    /// Why a crisis phrase does not ask for the card, if there is a reason.
    fn soften(&self, rule: &Rule, span: Span, message: &Message) -> Option<Softening> {
        let said = message.soften(span);
        let is_joke = rule.jokes
            && !self.has(Around::Weight)
            && (self.has(Around::Laugh) || self.said_near(Around::Trivial, span, message));
        said.or(is_joke.then_some(Softening::Joking))
    }

    fn said_near(&self, around: Around, (start, end): Span, message: &Message) -> bool {
        let mut segments = message.segment_at(start + 1)..=message.segment_at(end - 2);
        segments.any(|segment| self.around.contains(&(around, segment)))
    }

    /// Whether an `unless` of the rule stands in the same sentence, a request is needed and not made, or the
    /// phrase is part of an idiom. A phrase that says more than the idiom stays.
    fn takes_back(&self, index: usize, rule: &Rule, (start, end): Span, message: &Message) -> bool {
        let mut segments = message.segment_at(start + 1)..=message.segment_at(end - 2);
        if segments.any(|segment| self.unless.contains(&(index, segment))) {
            return true;
        }
        if rule.request && !self.said_near(Around::Request, (start, end), message) {
            return true;
        }
        // Spaces at the ends are shared between neighbours, so spans touch by one.
        let from = self.idioms.partition_point(|idiom| idiom.1 <= start + 1);
        self.idioms[from..]
            .iter()
            .take_while(|idiom| idiom.0 < end + 200)
            .any(|idiom| {
                idiom.0 + 1 < end && !(start <= idiom.0 && idiom.1 <= end && (start, end) != *idiom)
            })
    }
}

/// What a hit is about. A wish or a thought with a near time is a plan.
fn alarm(rule: &Rule, is_near: bool) -> Alarm {
    let level = match rule.level {
        Some(level) if is_near && rule.concern == Concern::Thoughts && level >= Level::Wish => {
            Some(level.max(Level::Plan))
        }
        level => level,
    };
    Alarm {
        concern: rule.concern,
        level,
    }
}
