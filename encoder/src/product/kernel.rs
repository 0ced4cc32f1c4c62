//! Sums of products of whole numbers of 8 bits, with the instructions that multiply and add four of them at once
//! (AVX-512 VNNI).

/// Outputs that are computed together: the 32-bit sums of one vector of 512 bits.
pub(super) const PANEL: usize = 16;
/// Inputs that one instruction multiplies and adds up.
pub(super) const STEP: usize = 4;
/// Rows that are computed together.
pub(super) const ROWS: usize = 12;

/// The sums of a block of rows and a panel.
pub(super) type Sums = [[i32; PANEL]; ROWS];

/// Added to weights that are stored without a sign.
const OFFSET: u8 = 128;

/// Four inputs of all outputs of a panel, each plus [`OFFSET`], for the instruction wants one side without a sign.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Weights([[u8; STEP]; PANEL]);

impl Weights {
    pub(super) const ZERO: Self = Self([[OFFSET; STEP]; PANEL]);

    pub(super) fn set(&mut self, output: usize, input: usize, value: i8) {
        self.0[output][input] = value.cast_unsigned().wrapping_add(OFFSET);
    }

    #[cfg(test)]
    pub(super) fn get(&self, output: usize, input: usize) -> i8 {
        self.0[output][input].wrapping_sub(OFFSET).cast_signed()
    }
}

/// Whether this machine has the instructions; without them [`multiply`] is right, but far too slow to be used.
pub(super) fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Sums of 1 to [`ROWS`] rows (as many as `sums` has, each as long as `weights`) and a panel. `totals`: the sum of
/// each row's numbers.
pub(super) fn multiply(
    rows: &[[i8; STEP]],
    totals: &[i32],
    weights: &[Weights],
    sums: &mut [[i32; PANEL]],
) {
    // The offset of the weights adds this much; the sums begin with the opposite.
    for (sums, total) in sums.iter_mut().zip(totals) {
        *sums = [-i32::from(OFFSET) * total; PANEL];
    }
    #[cfg(target_arch = "x86_64")]
    if vnni::multiply(rows, weights, sums) {
        return;
    }
    portable(rows, weights, sums);
}

pub(super) fn portable(rows: &[[i8; STEP]], weights: &[Weights], sums: &mut [[i32; PANEL]]) {
    for (row, sums) in rows.chunks_exact(weights.len()).zip(sums) {
        for (values, weights) in row.iter().zip(weights) {
            for (sum, weights) in sums.iter_mut().zip(&weights.0) {
                for (value, weight) in values.iter().zip(weights) {
                    *sum += i32::from(*value) * i32::from(*weight);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use std::arch::x86_64::{
        __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512,
        _mm512_storeu_si512,
    };

    use super::{PANEL, ROWS, STEP, Weights};

    /// Adds to the sums; false, and nothing is done, where the processor lacks the instructions.
    #[expect(
        unsafe_code,
        reason = "the instructions are called by name; no library that is used here has them"
    )]
    pub(super) fn multiply(
        rows: &[[i8; STEP]],
        weights: &[Weights],
        sums: &mut [[i32; PANEL]],
    ) -> bool {
        if !super::is_fast() {
            return false;
        }
        // SAFETY: the processor has both features.
        unsafe {
            match sums.len() {
                1 => multiply_rows::<1>(rows, weights, sums),
                2 => multiply_rows::<2>(rows, weights, sums),
                3 => multiply_rows::<3>(rows, weights, sums),
                4 => multiply_rows::<4>(rows, weights, sums),
                5 => multiply_rows::<5>(rows, weights, sums),
                6 => multiply_rows::<6>(rows, weights, sums),
                7 => multiply_rows::<7>(rows, weights, sums),
                8 => multiply_rows::<8>(rows, weights, sums),
                9 => multiply_rows::<9>(rows, weights, sums),
                10 => multiply_rows::<10>(rows, weights, sums),
                11 => multiply_rows::<11>(rows, weights, sums),
                _ => multiply_rows::<ROWS>(rows, weights, sums),
            }
        }
        true
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn multiply_rows<const N: usize>(
        rows: &[[i8; STEP]],
        weights: &[Weights],
        sums: &mut [[i32; PANEL]],
    ) {
        let steps = weights.len();
        let rows: [&[[i8; STEP]]; N] = std::array::from_fn(|row| &rows[row * steps..][..steps]);
        let mut registers = [_mm512_setzero_si512(); N];
        for (register, sums) in registers.iter_mut().zip(sums.iter()) {
            *register = load(sums);
        }
        for (step, weights) in weights.iter().enumerate() {
            let weights = load(&weights.0);
            for row in 0..N {
                let [a, b, c, d] = rows[row][step];
                let values = i32::from_le_bytes([a, b, c, d].map(i8::cast_unsigned));
                registers[row] =
                    _mm512_dpbusd_epi32(registers[row], weights, _mm512_set1_epi32(values));
            }
        }
        for (sums, register) in sums.iter_mut().zip(registers) {
            store(register, sums);
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    #[expect(unsafe_code, reason = "reads through a pointer")]
    fn load<T>(vector: &[T; PANEL]) -> __m512i {
        const { assert!(size_of::<T>() * PANEL == size_of::<__m512i>()) };
        // SAFETY: the array is as large as the vector, and no alignment is asked for.
        unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    fn store(register: __m512i, sums: &mut [i32; PANEL]) {
        // SAFETY: the array is as large as the vector, and no alignment is asked for.
        unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), register) }
    }
}
