//! Who may start a stream of the model: token budgets of a session and of a client, and streams at once. Comes in: an
//! estimate of what a turn costs; goes out: yes, or how long to wait. Reviewed words and crisis cards cost nothing.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
    sync::LazyLock,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    prompt::{self, PromptMessage},
    turn::Turn,
};
use crate::domain::session::SessionId;

/// Streams of the model that a session may have at once: two tabs.
pub(crate) const STREAMS_OF_A_SESSION: usize = 2;
/// How long somebody waits who has too many streams open.
const STREAM_WAIT: Duration = Duration::from_secs(5);
/// A third of an hour's budget may be spent at once.
const BURST_PARTS: u32 = 3;

/// Tells clients apart without knowing their address: a keyed hash that is another one after each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientKey(u64);

impl ClientKey {
    /// The key of whatever tells a client apart.
    #[must_use]
    pub fn of(client: impl Hash) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEY.hash_one(client))
    }
}

/// Tokens, of prompt and answer together, that may be spent in an hour.
#[derive(Debug, Clone, Copy)]
pub struct TokenBudgets {
    /// By one session.
    pub session: NonZeroU32,
    /// By one client; a school may be behind one address.
    pub client: NonZeroU32,
}

/// Why a stream is not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The session has its streams open already.
    #[error("this session has {STREAMS_OF_A_SESSION} answers under way")]
    Streams,
    /// A budget is used up for now.
    #[error("the token budget is used up for now")]
    Tokens {
        /// Until a turn like this one fits in again.
        wait: Duration,
    },
}

impl Refusal {
    /// After which time another try makes sense.
    #[must_use]
    pub const fn wait(self) -> Duration {
        match self {
            Self::Streams => STREAM_WAIT,
            Self::Tokens { wait } => wait,
        }
    }
}

/// Counts what sessions and clients spend.
pub(crate) struct Admission {
    budgets: TokenBudgets,
    sessions: DefaultKeyedRateLimiter<SessionId>,
    clients: DefaultKeyedRateLimiter<ClientKey>,
}

impl Admission {
    pub(crate) fn new(budgets: TokenBudgets) -> Self {
        Self {
            budgets,
            sessions: RateLimiter::keyed(quota(budgets.session)),
            clients: RateLimiter::keyed(quota(budgets.client)),
        }
    }

    /// Takes a turn's cost from both budgets.
    pub(crate) fn spend(
        &self,
        session: SessionId,
        client: ClientKey,
        tokens: u32,
    ) -> Result<(), Refusal> {
        spend(&self.sessions, &session, self.budgets.session, tokens)?;
        spend(&self.clients, &client, self.budgets.client, tokens)
    }

    /// Forgets whoever has not spent anything for long.
    pub(crate) fn forget_idle(&self) {
        self.sessions.retain_recent();
        self.clients.retain_recent();
    }
}

impl Turn {
    /// Whether the model may be asked now; the stream counts while the permit is held.
    pub(crate) fn admit(
        &self,
        messages: &[PromptMessage],
    ) -> Result<OwnedSemaphorePermit, Refusal> {
        let permit = self.streams.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Refusal::Streams)?;
        let tokens = cost(messages, self.limits.answer_tokens);
        let session = self.session.access.id;
        self.admission.spend(session, self.client, tokens)?;
        Ok(permit)
    }
}

/// What a turn costs at most: the prompt, estimated, and the longest answer.
fn cost(messages: &[PromptMessage], answer_tokens: u32) -> u32 {
    let prompt: usize = messages
        .iter()
        .map(|message| prompt::estimate_tokens(&message.content))
        .sum();
    u32::try_from(prompt)
        .unwrap_or(u32::MAX)
        .saturating_add(answer_tokens)
}

fn burst(budget: NonZeroU32) -> NonZeroU32 {
    NonZeroU32::new(budget.get() / BURST_PARTS).unwrap_or(NonZeroU32::MIN)
}

fn quota(budget: NonZeroU32) -> Quota {
    Quota::per_hour(budget).allow_burst(burst(budget))
}

fn spend<K: Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    budget: NonZeroU32,
    tokens: u32,
) -> Result<(), Refusal> {
    let most = burst(budget).get();
    let tokens = NonZeroU32::new(tokens.min(most)).unwrap_or(NonZeroU32::MIN);
    match limiter.check_key_n(key, tokens) {
        // More than fits in at once was ruled out above.
        Ok(Ok(())) | Err(_) => Ok(()),
        Ok(Err(not_yet)) => Err(Refusal::Tokens {
            wait: not_yet.wait_time_from(DefaultClock::default().now()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn budgets(session: u32, client: u32) -> TokenBudgets {
        TokenBudgets {
            session: NonZeroU32::new(session).unwrap(),
            client: NonZeroU32::new(client).unwrap(),
        }
    }

    #[test]
    fn a_session_that_spent_its_budget_waits_and_others_do_not() {
        let admission = Admission::new(budgets(3_000, 1_000_000));
        let client = ClientKey::of("10.0.0.1");
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(admission.spend(one, client, 900), Ok(()));
        let refused = admission.spend(one, client, 900).unwrap_err();
        let seconds = refused.wait().as_secs();
        assert!((900..1_000).contains(&seconds), "{seconds}");
        assert_eq!(admission.spend(two, client, 900), Ok(()));
    }

    #[test]
    fn many_sessions_of_one_client_share_its_budget() {
        let admission = Admission::new(budgets(1_000_000, 3_000));
        let client = ClientKey::of("10.0.0.1");
        assert_eq!(admission.spend(Uuid::from_u128(1), client, 800), Ok(()));
        assert!(admission.spend(Uuid::from_u128(2), client, 800).is_err());
        let other = ClientKey::of("10.0.0.2");
        assert_eq!(admission.spend(Uuid::from_u128(3), other, 800), Ok(()));
    }

    #[test]
    fn a_turn_above_the_whole_budget_is_served_once() {
        let admission = Admission::new(budgets(300, 300));
        let client = ClientKey::of(1);
        assert_eq!(admission.spend(Uuid::nil(), client, 5_000), Ok(()));
        assert!(admission.spend(Uuid::nil(), client, 5_000).is_err());
    }
}
