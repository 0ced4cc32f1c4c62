//! Lock files that carry the process id of their holder, so that a second run can say who is in the way.
//!
//! The lock is the operating system's: it goes when its holder ends, however that happens, so no stale lock remains.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use anyhow::{Context, Result};

/// A held lock; dropping it lets the next one in. The file stays: removing it would let two holders in.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// What came of asking for a lock without waiting.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It is ours.
    Taken(Lock),
    /// Somebody has it: their process id where it could be read, and the open file to wait on.
    Held { holder: Option<u32>, file: File },
}

/// Asks for the lock at `path` (made with its folder when missing) without waiting.
pub(crate) fn attempt(path: &Path) -> Result<Attempt> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Attempt::Taken(sign(file)?)),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // The id is only for the message: a holder that has not written it yet stays nameless.
            let holder = file
                .read_to_string(&mut text)
                .ok()
                .and_then(|_| text.trim().parse().ok());
            Ok(Attempt::Held { holder, file })
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Takes the lock at `path`; when another process has it, says so once and waits.
pub(crate) fn wait_for(path: &Path, purpose: &str) -> Result<Lock> {
    match attempt(path)? {
        Attempt::Taken(lock) => Ok(lock),
        Attempt::Held { holder, file } => {
            eprintln!("waiting: {} is {purpose}", describe(holder));
            file.lock()
                .with_context(|| format!("cannot lock {}", path.display()))?;
            sign(file)
        }
    }
}

/// The holder in words.
pub(crate) fn describe(holder: Option<u32>) -> String {
    holder.map_or_else(
        || "another xtask".to_owned(),
        |id| format!("another xtask (process {id})"),
    )
}

fn sign(mut file: File) -> Result<Lock> {
    file.set_len(0).context("cannot write the lock file")?;
    file.rewind().context("cannot write the lock file")?;
    write!(file, "{}", std::process::id()).context("cannot write the lock file")?;
    Ok(Lock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_who_has_the_lock_and_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/up.lock");
        let Attempt::Taken(first) = attempt(&path).unwrap() else {
            panic!("a new lock was held");
        };
        let Attempt::Held { holder, .. } = attempt(&path).unwrap() else {
            panic!("the lock was given twice");
        };
        assert_eq!(holder, Some(std::process::id()));
        drop(first);
        assert!(matches!(attempt(&path).unwrap(), Attempt::Taken(_)));
    }

    #[test]
    fn a_file_left_by_a_process_that_ended_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("up.lock");
        fs::write(&path, "4294967295999").unwrap();
        assert!(matches!(attempt(&path).unwrap(), Attempt::Taken(_)));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            std::process::id().to_string()
        );
    }
}
