//! Disguises that are undone, and words that are left alone.

use super::*;

fn lexicon() -> Lexicon {
    Lexicon::new([
        "kill myself",
        "kms",
        "suicide",
        "unalive",
        "i want to die",
        "too",
    ])
}

#[test]
fn disguised_words_are_found_again() {
    let lexicon = lexicon();
    for (spelling, word) in [
        ("k1ll", "kill"),
        ("ki1l", "kill"),
        ("su1c1de", "suicide"),
        ("$uicid3", "suicide"),
        ("unal!ve", "unalive"),
        ("kmsss", "kms"),
        ("killlll", "kill"),
        ("diiiieee", "die"),
        ("diee", "die"),
        ("k1lllll", "kill"),
    ] {
        assert_eq!(
            lexicon.restore(spelling).as_deref(),
            Some(word),
            "{spelling}"
        );
    }
    for (spelling, word) in [
        ("su*cide", "suicide"),
        ("s**c*de", "suicide"),
        ("d*e", "die"),
    ] {
        assert_eq!(
            lexicon.unmask(spelling).as_deref(),
            Some(word),
            "{spelling}"
        );
    }
}

#[test]
fn ordinary_words_are_left_alone() {
    let lexicon = lexicon();
    for word in [
        "10pm", "2nd", "gr8", "skill", "diet", "hello", "tooo1x", "h3llo",
    ] {
        assert_eq!(lexicon.restore(word), None, "{word}");
    }
    assert_eq!(lexicon.restore("too").as_deref(), Some("too"));
    assert_eq!(lexicon.unmask("f*ck"), None);
    assert_eq!(lexicon.unmask("s*****e"), None, "too little is seen");
}

#[test]
fn letters_written_one_by_one_become_words() {
    let lexicon = lexicon();
    let segment = |letters: &str| lexicon.segment(letters).map(|words| words.join(" "));
    assert_eq!(segment("ikms").as_deref(), Some("i kms"));
    assert_eq!(segment("iwanttodie").as_deref(), Some("i want to die"));
    assert_eq!(segment("abcdef"), None);
    assert_eq!(segment(&"i".repeat(1000)), None);
}

#[test]
fn long_words_are_found_without_their_vowels_where_only_one_fits() {
    let lexicon = Lexicon::new(["hurting myself", "relapsed", "hunting"]);
    assert_eq!(lexicon.restore("myslf").as_deref(), Some("myself"));
    assert_eq!(lexicon.restore("hrtng").as_deref(), Some("hurting"));
    assert_eq!(lexicon.restore("rlpsd").as_deref(), Some("relapsed"));
    assert_eq!(lexicon.restore("hntng").as_deref(), Some("hunting"));
    assert_eq!(lexicon.restore("rhythm"), None);
}
