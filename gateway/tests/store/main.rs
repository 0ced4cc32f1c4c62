//! The store on both databases: one list of behaviours, run against SQLite and against a PostgreSQL cluster that the
//! test starts itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure in a test should stop it where it is"
)]

mod behaviours;
#[path = "../common/postgres.rs"]
mod postgres;
mod tampering;

use gateway::stores::sealed::SealedStore;

/// A database that holds nothing yet.
pub(crate) struct Fresh {
    pub(crate) url: String,
    pub(crate) store: SealedStore,
}

impl Fresh {
    async fn open(url: String) -> Self {
        let store = SealedStore::open(&url).await.unwrap();
        Self { url, store }
    }
}

/// Every behaviour with its name, so that none can be forgotten for one of the databases.
macro_rules! for_every_behaviour {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let folder = tempfile::tempdir().unwrap();
                    let url = format!("sqlite://{}", folder.path().join("test.db").display());
                    crate::$module::$name(crate::Fresh::open(url).await).await;
                }
            )*
        }

        /// One cluster for all of them, a database for each.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres_behaves_like_sqlite() {
            let Some(cluster) = postgres::Cluster::start() else {
                return;
            };
            $(
                let started = std::time::Instant::now();
                let url = cluster.database(stringify!($name));
                $module::$name(Fresh::open(url).await).await;
                eprintln!("postgres {:>6} ms  {}", started.elapsed().as_millis(), stringify!($name));
            )*
        }
    };
}

for_every_behaviour![
    behaviours::what_is_written_is_read_back_with_the_secret_only,
    behaviours::two_tabs_lose_no_message_and_share_no_sequence_number,
    behaviours::two_tabs_lose_no_answer,
    behaviours::the_safety_state_rises_and_is_settled_only_from_what_was_seen,
    behaviours::an_expiry_never_comes_closer_and_what_expired_is_swept,
    behaviours::a_second_secret_opens_the_session_until_it_is_removed,
    behaviours::a_removed_session_takes_no_more_messages,
    behaviours::ten_thousand_sessions_are_swept_while_others_talk,
    tampering::rows_that_were_swapped_moved_or_replayed_do_not_open,
    tampering::no_column_holds_a_word_of_the_person,
];
