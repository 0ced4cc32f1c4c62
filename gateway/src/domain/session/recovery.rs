//! The recovery phrase: twelve words that open a session on another device. Comes in: chance, or what somebody typed;
//! goes out: words to write down, and the secret that they stand for. The words are kept nowhere.
//!
//! BIP39: 128 bits of entropy and a checksum; the secret is the first half of the standard's seed (PBKDF2 with 2,048
//! rounds of HMAC-SHA512, no passphrase).

use bip39::{Language, Mnemonic};
use rand::RngCore;
use zeroize::Zeroizing;

use super::{SECRET_BYTES, SessionAccess, SessionChange, SessionSecret};
use crate::domain::ports::{Store, StoreError};

const ENTROPY_BYTES: usize = 16;
const WORDS: usize = 12;

/// What was typed is no recovery phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Too few or too many words.
    #[error("the phrase has twelve words with spaces between them")]
    Length,
    /// A word is misspelt, or the words are not in their order.
    #[error("a word is misspelt or out of place; check each word and the order")]
    Words,
}

/// Twelve words.
pub struct RecoveryPhrase(Mnemonic);

impl RecoveryPhrase {
    /// A fresh one.
    ///
    /// # Errors
    /// Never for the fixed length; the library reports it as an error.
    pub fn generate() -> Result<Self, PhraseError> {
        let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
        rand::rng().fill_bytes(entropy.as_mut());
        Mnemonic::from_entropy_in(Language::English, entropy.as_ref())
            .map(Self)
            .map_err(|_| PhraseError::Length)
    }

    /// What somebody typed; case and extra spaces do not matter.
    ///
    /// # Errors
    /// Another number of words, an unknown word, or a wrong checksum.
    pub fn parse(typed: &str) -> Result<Self, PhraseError> {
        let typed = Zeroizing::new(typed.to_lowercase());
        let words: Vec<&str> = typed.split_whitespace().collect();
        if words.len() != WORDS {
            return Err(PhraseError::Length);
        }
        let joined = Zeroizing::new(words.join(" "));
        Mnemonic::parse_in_normalized(Language::English, &joined)
            .map(Self)
            .map_err(|_| PhraseError::Words)
    }

    /// The words, to be shown once.
    #[must_use]
    pub fn words(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// The secret that the words stand for.
    #[must_use]
    pub fn secret(&self) -> SessionSecret {
        let seed = Zeroizing::new(self.0.to_seed_normalized(""));
        let mut bytes = [0; SECRET_BYTES];
        bytes.copy_from_slice(&seed[..SECRET_BYTES]);
        SessionSecret::from_bytes(bytes)
    }
}

/// Makes a phrase that opens the session. Earlier phrases no longer do, also when two are made at once.
///
/// # Errors
/// The store fails, or the session is gone.
pub async fn make_phrase(
    store: &dyn Store,
    access: &SessionAccess,
    now_ms: i64,
) -> Result<RecoveryPhrase, StoreError> {
    let phrase =
        RecoveryPhrase::generate().map_err(|_| StoreError::Corrupt("length of a phrase"))?;
    let lookup = store.add_secret(access, &phrase.secret(), now_ms).await?;
    let change = SessionChange::RecoveryPhrase(lookup);
    let session = store.change_session(access, change).await?;
    for replaced in &session.replaced_lookups {
        store.remove_secret(access.id, replaced).await?;
    }
    Ok(phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vector of BIP39 (Trezor's list, empty passphrase is another one; this is the all-zero entropy).
    const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn words_become_the_seed_of_the_standard() {
        let phrase = RecoveryPhrase::parse(ZEROS).unwrap();
        let expected = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1";
        let secret = data_encoding::HEXLOWER.encode(phrase.secret().expose());
        assert_eq!(secret, expected);
    }

    #[test]
    fn what_was_shown_opens_again_however_it_is_typed() {
        let phrase = RecoveryPhrase::generate().unwrap();
        let typed = format!("  {}\n", phrase.words().to_uppercase().replace(' ', "  "));
        let again = RecoveryPhrase::parse(&typed).unwrap();
        assert_eq!(again.secret().expose(), phrase.secret().expose());
        let other = RecoveryPhrase::generate().unwrap();
        assert_ne!(other.secret().expose(), phrase.secret().expose());
    }

    #[test]
    fn a_phrase_that_is_mistyped_is_refused() {
        let cases = [
            ("", PhraseError::Length),
            ("abandon", PhraseError::Length),
            (&ZEROS.replace("about", "abandon"), PhraseError::Words),
            (&ZEROS.replace("about", "abuot"), PhraseError::Words),
            (&format!("{ZEROS} about"), PhraseError::Length),
        ];
        for (typed, expected) in cases {
            assert_eq!(RecoveryPhrase::parse(typed).err(), Some(expected));
        }
    }
}
