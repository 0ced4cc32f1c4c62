//! Examples side by side on the cores of one machine. In: numbers of examples and a job. Out: the results in the
//! order of the numbers. A single sequence keeps one core busy but not several; independent sequences do.

use std::thread;

use anyhow::{Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// More sequences at once need more memory than they save time.
const MOST: usize = 4;

/// Threads that each work on one example at a time.
pub struct Workers(Vec<ThreadPool>);

impl Workers {
    /// `count` workers that share the cores; 0 chooses by the machine.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(count: usize) -> Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = if count == 0 { cores.min(MOST) } else { count };
        let pool = || {
            ThreadPoolBuilder::new()
                .num_threads((cores / count).max(1))
                .build()
        };
        let pools = (0..count).map(|_| pool()).collect::<Result<_, _>>()?;
        Ok(Self(pools))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Runs `job` for each of `items`. A worker takes every n-th item and has a state of its own, so that
    /// the same number of workers always adds the same numbers in the same order.
    ///
    /// # Errors
    /// The error of the first item that failed.
    pub fn map<S, T>(
        &self,
        items: &[usize],
        job: impl Fn(&mut S, usize) -> Result<T> + Sync,
    ) -> Result<(Vec<T>, Vec<S>)>
    where
        S: Default + Send,
        T: Send,
    {
        let count = self.0.len();
        let work = |worker: usize| {
            let mut state = S::default();
            let own = items.iter().skip(worker).step_by(count);
            let found: Result<Vec<T>> = own.map(|item| job(&mut state, *item)).collect();
            found.map(|found| (found, state))
        };
        let work = &work;
        let parts = thread::scope(|scope| {
            let mut threads = Vec::with_capacity(count);
            for (worker, pool) in self.0.iter().enumerate() {
                threads.push(scope.spawn(move || pool.install(|| work(worker))));
            }
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err(anyhow!("a worker panicked")))
                })
                .collect::<Result<Vec<_>>>()
        })?;
        let (found, states): (Vec<Vec<T>>, Vec<S>) = parts.into_iter().unzip();
        let mut found: Vec<_> = found.into_iter().map(Vec::into_iter).collect();
        let in_order = (0..items.len()).filter_map(|place| found[place % count].next());
        Ok((in_order.collect(), states))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn results_keep_the_order_and_states_hold_every_item() {
        for count in [0, 1, 2, 3] {
            let workers = Workers::new(count).unwrap();
            let items = [5, 3, 8, 1, 9, 2, 7];
            let (found, states) = workers
                .map(&items, |sum: &mut usize, item| {
                    *sum += item;
                    Ok(item * 2)
                })
                .unwrap();
            assert_eq!(found, items.map(|item| item * 2));
            assert_eq!(states.iter().sum::<usize>(), 35);
        }
    }

    #[test]
    fn a_failed_item_is_the_result() {
        let workers = Workers::new(2).unwrap();
        let result = workers.map(&[1, 2, 3], |_: &mut (), item| {
            if item == 2 {
                bail!("item {item} is bad")
            }
            Ok(item)
        });
        assert_eq!(result.unwrap_err().to_string(), "item 2 is bad");
    }

    #[test]
    fn nothing_to_do_is_done() {
        let (found, _) = Workers::new(2)
            .unwrap()
            .map(&[], |_: &mut (), item| Ok(item))
            .unwrap();
        assert!(found.is_empty());
    }
}
