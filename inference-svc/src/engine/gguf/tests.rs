//! Headers written by hand: whole, cut off and absurd.

use super::*;

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// A header with one tensor of 64 Q8_0 values, and `data` bytes behind it.
fn file(data: usize) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    text(&mut bytes, "tokens");
    bytes.extend(9_u32.to_le_bytes());
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(2_u64.to_le_bytes());
    text(&mut bytes, "a");
    text(&mut bytes, "b");
    text(&mut bytes, "weight");
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(64_u64.to_le_bytes());
    bytes.extend(8_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().div_ceil(32) * 32 + data, 0);
    bytes
}

fn read(bytes: &[u8]) -> Result<GgufHeader, LoadError> {
    check(Path::new("m.gguf"), bytes, bytes.len() as u64)
}

#[test]
fn a_whole_file_says_what_it_is() {
    let header = read(&file(68)).unwrap();
    assert_eq!(header.architecture, "llama");
    assert_eq!(header.quantization, "Q8_0");
}

#[test]
fn a_file_that_ends_inside_its_tensors_is_truncated() {
    let bytes = file(67);
    match read(&bytes) {
        Err(LoadError::Truncated {
            expected, actual, ..
        }) => {
            assert_eq!(
                (expected, actual),
                (bytes.len() as u64 + 1, bytes.len() as u64)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_cut_inside_the_header_is_an_error_and_never_a_panic() {
    let bytes = file(68);
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn other_files_and_absurd_counts_are_refused() {
    assert!(matches!(
        read(b"PK\x03\x04 not a model"),
        Err(LoadError::NotGguf { .. })
    ));
    let mut absurd = b"GGUF".to_vec();
    absurd.extend(3_u32.to_le_bytes());
    absurd.extend(u64::MAX.to_le_bytes());
    absurd.extend(1_u64.to_le_bytes());
    assert!(matches!(read(&absurd), Err(LoadError::NotGguf { .. })));
}
