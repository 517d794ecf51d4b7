use std::ops::Range;

use super::vector::InstructionSet;
use super::work::DEPTH;
use super::*;

/// Sizes on both sides of every boundary: of registers, blocks, and of what is packed at once.
const SIZES: [[usize; 3]; 29] = [
    [1, 1, 1],
    [1, 100, 100],
    [1, 7, 513],
    [2, 3, 4],
    [3, 5, 33],
    [4, 800, 16],
    [4, 800, 4],
    [1, 2900, 3],
    [2, 1300, 4],
    [3, 520, 2],
    [4, 1025, 1],
    [5, 2, 65],
    [12, 16, 32],
    [13, 300, 31],
    [25, 257, 67],
    [30, 100, 1],
    [50, 128, 70],
    [33, 1, 40],
    [193, 20, 130],
    [200, 30, 9],
    [26, 4, 1030],
    [300, 65, 64],
    [0, 3, 4],
    [3, 0, 4],
    [3, 4, 0],
    [140, 100, 150],
    // Chunks of rows that are shorter than a vector and longer than half of one.
    [14, 3, 17],
    [206, 3, 33],
    [30, 4, 20],
];

trait Float: Copy + Default + PartialEq + std::fmt::Debug {
    const DTYPE: DType;
    fn of(value: f32) -> Self;
    fn chain(self, a: Self, b: Self, fused: bool) -> Self;
    fn plus(self, other: Self) -> Self;
    fn bits(self) -> u64;
}

macro_rules! float {
    ($t:ty, $dtype:expr) => {
        impl Float for $t {
            const DTYPE: DType = $dtype;
            fn of(value: f32) -> Self {
                value.into()
            }
            fn chain(self, a: Self, b: Self, fused: bool) -> Self {
                if fused {
                    a.mul_add(b, self)
                } else {
                    a * b + self
                }
            }
            fn plus(self, other: Self) -> Self {
                self + other
            }
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
        }
    };
}
float!(f32, DType::F32);
float!(f64, DType::F64);

/// A matrix within a larger block of memory.
#[derive(Clone)]
struct Matrix<T> {
    memory: Vec<T>,
    start: usize,
    strides: Strides,
}

impl<T: Float> Matrix<T> {
    fn new(rows: usize, columns: usize, layout: Layout, seed: u32) -> Matrix<T> {
        let (row, column) = (rows as isize, columns as isize);
        let (strides, start) = match layout {
            Layout::Rows => (
                Strides {
                    row: column,
                    column: 1,
                },
                0,
            ),
            Layout::Columns => (
                Strides {
                    row: 1,
                    column: row,
                },
                0,
            ),
            Layout::Wide => (
                Strides {
                    row: column + 3,
                    column: 1,
                },
                0,
            ),
            Layout::Reversed => (
                Strides {
                    row: -column,
                    column: -1,
                },
                (rows * columns).saturating_sub(1),
            ),
            Layout::Repeated => (Strides { row: 0, column: 1 }, 0),
        };
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            T::of((state >> 9) as f32 / (1 << 22) as f32 - 1.0)
        };
        let memory = (0..(rows + 1) * (columns + 3)).map(|_| draw()).collect();
        Matrix {
            memory,
            start,
            strides,
        }
    }

    fn index(&self, row: usize, column: usize) -> usize {
        (self.start as isize
            + row as isize * self.strides.row
            + column as isize * self.strides.column) as usize
    }

    fn bytes(&self) -> *const u8 {
        self.memory[self.start..].as_ptr().cast()
    }
}

#[derive(Clone, Copy, Debug)]
enum Layout {
    Rows,
    Columns,
    Wide,
    Reversed,
    Repeated,
}

fn expected<T: Float>(
    [m, k, n]: [usize; 3],
    a: &Matrix<T>,
    b: &Matrix<T>,
    c: &Matrix<T>,
    accumulates: bool,
    fused: bool,
) -> Matrix<T> {
    let mut result = c.clone();
    for row in 0..m {
        for column in 0..n {
            let at = c.index(row, column);
            let first = if accumulates {
                c.memory[at]
            } else {
                T::default()
            };
            let chain = |from: T, places: Range<usize>| {
                places.fold(from, |sum, p| {
                    sum.chain(
                        a.memory[a.index(row, p)],
                        b.memory[b.index(p, column)],
                        fused,
                    )
                })
            };
            let others = (DEPTH..k).step_by(DEPTH);
            result.memory[at] = others
                .map(|start| chain(T::default(), start..k.min(start + DEPTH)))
                .fold(chain(first, 0..k.min(DEPTH)), T::plus);
        }
    }
    result
}

/// Every element of the product is the sum of chains that the module promises, bit for bit; nothing else in
/// the memory of C is touched.
fn check<T: Float>(
    set: InstructionSet,
    sizes: [usize; 3],
    layouts: [Layout; 3],
    accumulates: bool,
) {
    let [m, k, n] = sizes;
    let a = Matrix::<T>::new(m, k, layouts[0], 1);
    let b = Matrix::<T>::new(k, n, layouts[1], 2);
    let c = Matrix::<T>::new(m, n, layouts[2], 3);
    let fused = set != InstructionSet::Baseline || cfg!(target_arch = "aarch64");
    let expected = expected(sizes, &a, &b, &c, accumulates, fused);
    let product = Product::with(
        set,
        T::DTYPE,
        sizes,
        [a.strides, b.strides, c.strides],
        accumulates,
    )
    .shared_by(2);

    let mut actual = c.clone();
    for task in (0..product.tasks()).rev() {
        let start = actual.memory[c.start..].as_mut_ptr().cast();
        // SAFETY: the matrices have these sizes and strides, and are not used meanwhile.
        unsafe { product.run(a.bytes(), b.bytes(), start, task) };
    }
    compare(
        &actual,
        &expected,
        &format!("{set:?} {sizes:?} {layouts:?} {accumulates}"),
    );

    if let Some(bytes) = product.packed_bytes(2) {
        let mut actual = c.clone();
        let mut packed = vec![T::default(); bytes / T::DTYPE.width()];
        // SAFETY: `packed` has the bytes asked for. The instructions used need no alignment.
        unsafe { product.pack(b.bytes(), packed.as_mut_ptr().cast()) };
        for task in 0..product.tasks() {
            let start = actual.memory[c.start..].as_mut_ptr().cast();
            // SAFETY: as above.
            unsafe { product.run_packed(a.bytes(), packed.as_ptr().cast(), start, task) };
        }
        compare(
            &actual,
            &expected,
            &format!("packed {set:?} {sizes:?} {layouts:?}"),
        );
    }
}

#[track_caller]
fn compare<T: Float>(actual: &Matrix<T>, expected: &Matrix<T>, what: &str) {
    let differ = actual
        .memory
        .iter()
        .zip(&expected.memory)
        .position(|(a, b)| a.bits() != b.bits());
    assert_eq!(differ, None, "{what}");
}

#[test]
fn every_element_is_made_of_chains_in_the_order_of_the_inner_axis() {
    for set in InstructionSet::available() {
        for sizes in SIZES {
            for a in [Layout::Rows, Layout::Columns] {
                for b in [Layout::Rows, Layout::Columns] {
                    check::<f32>(set, sizes, [a, b, Layout::Rows], false);
                    check::<f64>(set, sizes, [a, b, Layout::Wide], true);
                }
            }
        }
    }
}

#[test]
fn strides_may_be_of_any_kind() {
    for set in InstructionSet::available() {
        for sizes in SIZES {
            check::<f32>(
                set,
                sizes,
                [Layout::Reversed, Layout::Reversed, Layout::Columns],
                true,
            );
            check::<f32>(
                set,
                sizes,
                [Layout::Repeated, Layout::Repeated, Layout::Wide],
                true,
            );
            check::<f64>(
                set,
                sizes,
                [Layout::Wide, Layout::Reversed, Layout::Reversed],
                false,
            );
        }
    }
}

/// The cut into tasks shows in no bit, since every element is made of the same chains; here it is cut.
#[test]
fn large_products_are_cut_into_tasks() {
    let product = |sizes| {
        let [_, k, n] = sizes;
        let rows = |columns: usize| Strides {
            row: columns as isize,
            column: 1,
        };
        Product::new(DType::F32, sizes, [rows(k), rows(n), rows(n)], false)
    };
    assert_eq!(product([128, 128, 512]).tasks(), 1);
    assert!(product([128, 128, 512]).shared_by(2).tasks() > 1);
    assert!(product([4000, 64, 40]).shared_by(2).tasks() > 1);
    assert_eq!(product([800, 4, 16]).shared_by(2).tasks(), 1);
    for sizes in [[128, 128, 512], [4000, 64, 40]] {
        for set in InstructionSet::available() {
            check::<f32>(set, sizes, [Layout::Rows; 3], false);
        }
    }
}

/// What is added to more than once is finished part by part; a large B is asked for ahead.
#[test]
fn parts_of_a_large_result_are_finished_one_after_the_other() {
    let best = InstructionSet::available().next_back();
    for sizes in [[520, 260, 530], [9, 600, 530], [70, 257, 4200]] {
        for a in [Layout::Rows, Layout::Columns] {
            let layouts = [a, Layout::Rows, Layout::Wide];
            check::<f32>(
                best.unwrap_or(InstructionSet::Baseline),
                sizes,
                layouts,
                true,
            );
        }
    }
}

/// Products of a group have the bits that they have alone, on however many threads.
#[test]
fn a_group_packs_its_right_operand_once() {
    let [depth, columns] = [300, 530];
    let b = Matrix::<f32>::new(depth, columns, Layout::Rows, 2);
    let lefts = [
        (28, Layout::Columns),
        (130, Layout::Rows),
        (1, Layout::Repeated),
    ];
    let lefts = lefts.map(|(rows, layout)| (rows, Matrix::<f32>::new(rows, depth, layout, 1)));
    let results = lefts
        .each_ref()
        .map(|(rows, _)| Matrix::<f32>::new(*rows, columns, Layout::Wide, 3));
    let product = |number: usize| {
        let (rows, a) = &lefts[number];
        let strides = [a.strides, b.strides, results[number].strides];
        Product::new(DType::F32, [*rows, depth, columns], strides, number == 1)
    };
    let products: Vec<Product> = (0..lefts.len()).map(product).collect();
    let mut expected = results.clone();
    for ((product, (_, a)), c) in products.iter().zip(&lefts).zip(&mut expected) {
        // SAFETY: the matrices have these sizes and strides, and are not used meanwhile.
        unsafe { product.run(a.bytes(), b.bytes(), c.memory.as_mut_ptr().cast(), 0) };
    }
    for threads in [1, 2, 8] {
        let group = ProductGroup::new(products.clone(), threads).expect("they are alike");
        assert_eq!(group.tasks() > 1, threads > 1);
        let mut actual = results.clone();
        for task in (0..group.tasks()).rev() {
            let others: Vec<(*const u8, *mut u8)> = lefts
                .iter()
                .zip(&mut actual)
                .map(|((_, a), c)| (a.bytes(), c.memory.as_mut_ptr().cast()))
                .collect();
            // SAFETY: as above.
            unsafe { group.run(b.bytes(), &others, task) };
        }
        for (actual, expected) in actual.iter().zip(&expected) {
            compare(actual, expected, &format!("{threads} threads"));
        }
    }
}

#[test]
fn products_with_other_right_operands_are_no_group() {
    let rows = |columns: usize| Strides {
        row: columns as isize,
        column: 1,
    };
    let product = |columns| {
        let strides = [rows(8), rows(columns), rows(columns)];
        Product::new(DType::F32, [4, 8, columns], strides, false)
    };
    assert!(ProductGroup::new(vec![product(64), product(64)], 1).is_some());
    assert!(ProductGroup::new(vec![product(64), product(65)], 1).is_none());
    assert!(ProductGroup::new(vec![product(1), product(1)], 1).is_none());
}

#[test]
fn nan_and_infinity_pass_as_in_plain_arithmetic() {
    for set in InstructionSet::available() {
        let a = [f32::INFINITY, 0.0, f32::NAN, 1.0];
        let b = [1.0, 0.0, 0.0, f32::INFINITY];
        let mut c = [9.0_f32; 4];
        let strides = Strides { row: 2, column: 1 };
        let product = Product::with(set, DType::F32, [2, 2, 2], [strides; 3], false);
        // SAFETY: the matrices are 2 x 2.
        unsafe {
            product.run(
                a.as_ptr().cast(),
                b.as_ptr().cast(),
                c.as_mut_ptr().cast(),
                0,
            )
        };
        assert_eq!(c[0], f32::INFINITY, "{set:?}");
        assert!(c[1..].iter().all(|value| value.is_nan()), "{set:?} {c:?}");
    }
}
