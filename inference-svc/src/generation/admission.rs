//! The door: a fixed number of sequences run, a fixed number of requests wait in order of arrival,
//! and everybody else is turned away at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{GenerationError, metrics};

/// Counts who runs and who waits.
#[derive(Debug, Clone)]
pub struct Admission {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    max_running: usize,
    max_waiting: usize,
}

/// A place inside the door, though perhaps not yet in the engine. Dropping it gives the place back.
#[derive(Debug)]
pub struct Ticket {
    admission: Admission,
    running: Option<OwnedSemaphorePermit>,
    waiting: Option<OwnedSemaphorePermit>,
}

/// The right to run one sequence; dropping it lets the next one in.
#[derive(Debug)]
pub struct Slot {
    admission: Admission,
    permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// A door for `max_running` sequences and `max_waiting` requests behind them.
    #[must_use]
    pub fn new(max_running: usize, max_waiting: usize) -> Self {
        let admission = Self {
            running: Arc::new(Semaphore::new(max_running)),
            waiting: Arc::new(Semaphore::new(max_waiting)),
            max_running,
            max_waiting,
        };
        admission.report();
        admission
    }

    /// Takes a place, never waits.
    ///
    /// # Errors
    /// [`GenerationError::Busy`] when every place is taken.
    pub fn enter(&self) -> Result<Ticket, GenerationError> {
        let running = Arc::clone(&self.running).try_acquire_owned().ok();
        let waiting = match running {
            Some(_) => None,
            None => Arc::clone(&self.waiting).try_acquire_owned().ok(),
        };
        if running.is_none() && waiting.is_none() {
            metrics::rejected();
            return Err(GenerationError::Busy {
                running: self.max_running,
                waiting: self.max_waiting,
            });
        }
        self.report();
        Ok(Ticket {
            admission: self.clone(),
            running,
            waiting,
        })
    }

    /// Sequences that hold a slot now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.max_running - self.running.available_permits().min(self.max_running)
    }

    /// Requests that wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.max_waiting - self.waiting.available_permits().min(self.max_waiting)
    }

    fn report(&self) {
        metrics::running(self.running());
        metrics::waiting(self.waiting());
    }
}

impl Ticket {
    /// Waits for a sequence, first come first served. Dropping the future gives the place back.
    pub async fn admitted(mut self) -> Slot {
        if self.running.is_none() {
            // Fails only once the semaphore is closed, which never happens.
            let running = Arc::clone(&self.admission.running);
            self.running = running.acquire_owned().await.ok();
        }
        Slot {
            admission: self.admission.clone(),
            permit: self.running.take(),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.running = None;
        self.waiting = None;
        self.admission.report();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.permit = None;
        self.admission.report();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn over_capacity_is_refused_at_once() {
        let admission = Admission::new(1, 1);
        let _running = admission.enter().unwrap().admitted().await;
        let _waiting = admission.enter().unwrap();
        assert_eq!(
            admission.enter().unwrap_err(),
            GenerationError::Busy {
                running: 1,
                waiting: 1
            }
        );
    }

    #[tokio::test]
    async fn whoever_waited_longest_goes_first() {
        let admission = Admission::new(1, 2);
        let running = admission.enter().unwrap().admitted().await;
        let mut first = Box::pin(admission.enter().unwrap().admitted());
        let mut second = Box::pin(admission.enter().unwrap().admitted());
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(running);
        assert!(second.as_mut().now_or_never().is_none());
        assert!(first.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_waiting_request_that_leaves_gives_its_place_back() {
        let admission = Admission::new(1, 1);
        let running = admission.enter().unwrap().admitted().await;
        let mut waiting = Box::pin(admission.enter().unwrap().admitted());
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!((admission.running(), admission.waiting()), (1, 1));
        drop(waiting);
        assert_eq!((admission.running(), admission.waiting()), (1, 0));
        drop(running);
        assert_eq!(admission.running(), 0);
    }

    #[tokio::test]
    async fn no_waiting_places_means_no_waiting() {
        let admission = Admission::new(1, 0);
        let slot = admission.enter().unwrap().admitted().await;
        assert!(admission.enter().is_err());
        drop(slot);
        assert!(admission.enter().is_ok());
    }
}
