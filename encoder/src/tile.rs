//! Small products of 32-bit numbers that fit the processor's registers: up to six rows and sixteen columns at a time.

use crate::kernels::multiply_add;

/// Columns that are computed together: two vectors of 8 numbers.
pub(crate) const COLUMNS: usize = 16;
/// Rows that are computed together: with two vectors of sums each they fill the 16 registers of AVX2.
pub(crate) const ROWS: usize = 6;

/// The sums of one tile; a tile of fewer rows leaves the rest as it was.
pub(crate) type Tile = [[f32; COLUMNS]; ROWS];

/// `[rows, steps] · [steps, columns]` with 1 to [`ROWS`] rows that begin `stride` numbers after each other and a panel
/// of [`COLUMNS`] columns, which gives the number of steps.
pub(crate) fn multiply(
    left: &[f32],
    stride: usize,
    rows: usize,
    panel: &[[f32; COLUMNS]],
    tile: &mut Tile,
) {
    match rows {
        1 => multiply_rows::<1>(left, stride, panel, tile),
        2 => multiply_rows::<2>(left, stride, panel, tile),
        3 => multiply_rows::<3>(left, stride, panel, tile),
        4 => multiply_rows::<4>(left, stride, panel, tile),
        5 => multiply_rows::<5>(left, stride, panel, tile),
        _ => multiply_rows::<ROWS>(left, stride, panel, tile),
    }
}

fn multiply_rows<const N: usize>(
    left: &[f32],
    stride: usize,
    panel: &[[f32; COLUMNS]],
    tile: &mut Tile,
) {
    let steps = panel.len();
    let left: [&[f32]; N] = std::array::from_fn(|row| &left[row * stride..][..steps]);
    let mut registers = [[0.0; COLUMNS]; N];
    for (step, columns) in panel.iter().enumerate() {
        for (sums, row) in registers.iter_mut().zip(left) {
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = multiply_add(row[step], *column, *sum);
            }
        }
    }
    tile[..N].copy_from_slice(&registers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_the_sum_of_products_for_every_number_of_rows() {
        let steps = 5;
        let panel: Vec<[f32; COLUMNS]> = (0..steps)
            .map(|step| std::array::from_fn(|column| (step * 3 + column) as f32))
            .collect();
        for rows in 1..=ROWS {
            let left: Vec<f32> = (0..rows * (steps + 1)).map(|n| n as f32 - 7.0).collect();
            let mut tile = [[-1.0; COLUMNS]; ROWS];
            multiply(&left, steps + 1, rows, &panel, &mut tile);
            for (row, sums) in tile.iter().enumerate() {
                for (column, sum) in sums.iter().enumerate() {
                    let products =
                        (0..steps).map(|s| left[row * (steps + 1) + s] * panel[s][column]);
                    let expected = if row < rows { products.sum() } else { -1.0 };
                    assert_eq!(*sum, expected);
                }
            }
        }
    }
}
