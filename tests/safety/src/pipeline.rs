//! One case through the input guard, message by message, with the state carried on as the product does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gateway::domain::{
    content::Content,
    guardrails::{
        before::{Before, Earlier},
        decide::Decision,
        guard::InputGuard,
        input::RiskLabels,
        route::Route,
    },
    ports::{Classification, PeerError, TextClassifier},
};

use crate::{
    cases::{Case, Label},
    generate::Said,
};

/// What happened with one message.
#[derive(Debug, Clone)]
pub struct TurnOutcome {
    /// What the guard decided.
    pub decision: Decision,
    /// What the classifier said.
    pub risk: Option<RiskLabels>,
    /// How long that took.
    pub took: Duration,
}

/// What happened with a case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Of each message.
    pub turns: Vec<TurnOutcome>,
    /// The message that counts: for an attack the last one, for everything else the one with the most serious route.
    pub deciding: usize,
    /// What the product said to each message, when it was asked to.
    pub said: Vec<Said>,
}

impl Outcome {
    /// Everything that was released, one line a message; cards are reviewed text and left out.
    #[must_use]
    pub fn released(&self) -> Option<String> {
        let words: Vec<&str> = self.said.iter().map(|said| said.words.as_str()).collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    /// The decision that counts.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.turns[self.deciding].decision
    }
}

/// A classifier that cannot be reached: rules decide alone.
pub struct NoClassifier;

#[async_trait::async_trait]
impl TextClassifier for NoClassifier {
    async fn classify(&self, _: Vec<String>) -> Result<Vec<Classification>, PeerError> {
        Err(PeerError::Unavailable)
    }

    async fn is_ready(&self) -> bool {
        false
    }
}

/// The guard of the product, over cases.
pub struct Pipeline {
    guard: InputGuard,
}

impl Pipeline {
    /// With this content and classifier.
    #[must_use]
    pub fn new(content: Arc<Content>, classifier: Arc<dyn TextClassifier>) -> Self {
        Self {
            guard: InputGuard::new(content, classifier),
        }
    }

    /// All messages of a case, in order.
    pub async fn run(&self, case: &Case) -> Outcome {
        let mut before = Before::default();
        let mut turns = Vec::new();
        for turn in &case.turns {
            let started = Instant::now();
            let guarded = self.guard.read(turn.text(), &before).await;
            let decision = guarded.decision;
            let took = started.elapsed();
            before.state = decision.next_state;
            before.earlier.push(Earlier {
                text: turn.text().to_owned(),
                route: decision.route,
            });
            turns.push(TurnOutcome {
                decision,
                risk: guarded.risk,
                took,
            });
        }
        let deciding = deciding(case.label, &turns);
        Outcome {
            turns,
            deciding,
            said: Vec::new(),
        }
    }
}

fn deciding(label: Label, turns: &[TurnOutcome]) -> usize {
    let last = turns.len().saturating_sub(1);
    if label.is_attack() {
        return last;
    }
    let serious: Vec<Route> = turns.iter().map(|turn| turn.decision.route).collect();
    let most = serious.iter().max();
    serious
        .iter()
        .position(|route| Some(route) == most)
        .unwrap_or(last)
}
