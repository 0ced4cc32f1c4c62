//! The rows of a pass through the encoder: the tokens of its texts, one text after the other and without padding.
//! Attention looks at one text at a time. On the CPU it takes its rows as they are; on a GPU, where the number of
//! operations counts, all texts at once, each filled up to the longest.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use encoder::Tokens;

use crate::layers::by_hand::Padding;

/// The rows of a pass.
pub(super) struct TextRows {
    /// Token of each row.
    pub(super) ids: Tensor,
    /// Its place in its text.
    pub(super) positions: Tensor,
    pub(super) texts: Texts,
}

/// Where the texts are.
pub(super) enum Texts {
    /// First row and length of each.
    Apart(Vec<(usize, usize)>),
    /// For all of them at once.
    Together {
        padding: Padding,
        /// Of each row in the mean over its text, `[texts, rows]`.
        shares: Tensor,
    },
}

impl TextRows {
    /// The way that suits the device.
    pub(super) fn new(texts: &[&Tokens], device: &Device) -> Result<Self> {
        if device.is_cpu() {
            Self::apart(texts)
        } else {
            Self::together(texts, device)
        }
    }

    fn apart(texts: &[&Tokens]) -> Result<Self> {
        let ranges = ranges(texts)?;
        let (ids, positions) = rows(texts, &Device::Cpu)?;
        Ok(Self {
            ids,
            positions,
            texts: Texts::Apart(ranges),
        })
    }

    pub(super) fn together(texts: &[&Tokens], device: &Device) -> Result<Self> {
        let ranges = ranges(texts)?;
        let (ids, positions) = rows(texts, device)?;
        let count = ids.dims1()?;
        let mut shares = vec![0.0_f32; texts.len() * count];
        for (shares, (start, length)) in shares.chunks_exact_mut(count).zip(&ranges) {
            shares[*start..start + length].fill((*length as f32).recip());
        }
        Ok(Self {
            ids,
            positions,
            texts: Texts::Together {
                padding: Padding::new(&ranges, device)?,
                shares: Tensor::from_vec(shares, (texts.len(), count), device)?,
            },
        })
    }
}

fn ranges(texts: &[&Tokens]) -> Result<Vec<(usize, usize)>> {
    let lengths = texts.iter().map(|text| text.ids.len());
    ensure!(
        !texts.is_empty() && lengths.clone().all(|length| length > 0),
        "a text without tokens"
    );
    let starts = lengths.clone().scan(0, |next, length| {
        let start = *next;
        *next += length;
        Some(start)
    });
    Ok(starts.zip(lengths).collect())
}

/// Token and place of each row.
fn rows(texts: &[&Tokens], device: &Device) -> Result<(Tensor, Tensor)> {
    let ids: Vec<u32> = texts.iter().flat_map(|text| text.ids.clone()).collect();
    let mut positions = Vec::with_capacity(ids.len());
    for text in texts {
        positions.extend(0..u32::try_from(text.ids.len()).context("a text is too long")?);
    }
    Ok((Tensor::new(ids, device)?, Tensor::new(positions, device)?))
}
