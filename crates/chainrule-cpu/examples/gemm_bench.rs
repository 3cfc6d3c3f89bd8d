//! Prints the speed of matrix products beside the most that this core can do, for each instruction set.
//!
//! `cargo run --release --example gemm_bench [ISA] [M,N,K[,TN] …]`: one core, best of several runs, in f32;
//! pin it (`taskset -c 1`) and repeat it where others use the machine. NN reads A by its rows, TN by its
//! columns.

use std::hint::black_box;
use std::time::Instant;

use chainrule_cpu::gemm::{Left, Right, gemm, multiply_add_rounds, transpose};
use chainrule_cpu::simd::Isa;

/// (m, n, k) and whether A is stored transposed.
type Shape = (usize, usize, usize, bool);

const SHAPES: &[Shape] = &[
    (32, 64, 8, false),
    (32, 64, 64, false),
    (64, 64, 32, true),
    (8, 64, 32, true),
    (32, 1, 64, false),
    (64, 1, 32, true),
    (32, 64, 1, false),
    (64, 3, 64, false),
    (64, 10, 64, false),
    (128, 10, 256, false),
    (256, 10, 128, true),
    (128, 256, 10, false),
    (64, 128, 64, false),
    (128, 256, 512, false),
    (128, 512, 784, false),
    (784, 512, 128, true),
    (512, 2048, 1024, false),
    (512, 2048, 1024, true),
    (1, 64, 64, false),
    (1, 512, 784, false),
    (1, 1, 1, false),
];

/// Some values that start where a cache line does, as in the engine's arena.
struct Aligned {
    room: Vec<f32>,
    count: usize,
}

impl Aligned {
    fn new(count: usize) -> Self {
        Aligned { room: (0..count + 16).map(|i| (i % 17) as f32 * 0.125 - 1.0).collect(), count }
    }

    fn elements(&mut self) -> &mut [f32] {
        let start = self.room.as_ptr().align_offset(64);
        &mut self.room[start..start + self.count]
    }
}

/// Returns the nanoseconds of the best of several runs of about 2 ms.
fn nanoseconds(mut work: impl FnMut()) -> f64 {
    let mut repeat = 1;
    let mut run = |repeat: usize| {
        let start = Instant::now();
        (0..repeat).for_each(|_| work());
        start.elapsed().as_nanos() as f64
    };
    while run(repeat) < 1e6 {
        repeat *= 2;
    }
    (0..15).map(|_| run(repeat) / repeat as f64).fold(f64::INFINITY, f64::min)
}

fn report(isa: Isa, shapes: &[Shape]) {
    let rounds = 10_000;
    let operations = multiply_add_rounds::<f32>(isa, rounds) as f64;
    let peak =
        || operations / nanoseconds(|| _ = black_box(multiply_add_rounds::<f32>(isa, rounds)));
    println!("{}: peak {:.1} GFLOP/s", isa.name(), peak());
    for &(m, n, k, transposed) in shapes {
        let (mut a, mut b, mut c) = (Aligned::new(m * k), Aligned::new(k * n), Aligned::new(m * n));
        let (a, b, c) = (a.elements(), b.elements(), c.elements());
        let (row_stride, column_stride) = if transposed { (1, m) } else { (k, 1) };
        let time = nanoseconds(|| {
            let a = Left { data: black_box(&*a), row_stride, column_stride };
            gemm(isa, (m, n, k), a, Right { data: black_box(&*b), row_stride: n }, c, n, false);
        });
        let speed = (2 * m * n * k) as f64 / time;
        let layout = if transposed { "TN" } else { "NN" };
        let share = 100.0 * speed / peak();
        println!(
            "{m:5} {n:5} {k:5} {layout} {time:12.1} ns {speed:7.1} GFLOP/s {share:5.1} % of peak"
        );
    }
    for (rows, columns) in [(64, 64), (512, 256), (784, 512), (1024, 2048)] {
        let (mut from, mut to) = (Aligned::new(rows * columns), Aligned::new(rows * columns));
        let (from, to) = (from.elements(), to.elements());
        let time =
            nanoseconds(|| transpose(isa, (rows, columns), black_box(&*from), columns, to, rows));
        println!(
            "transpose {rows} x {columns}: {time:.1} ns, {:.2} ns an element",
            time / from.len() as f64
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (names, shapes): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| !argument.contains(','));
    let shapes: Vec<Shape> = shapes
        .iter()
        .filter_map(|shape| {
            let sizes: Vec<usize> = shape.split(',').filter_map(|size| size.parse().ok()).collect();
            let &[m, n, k] = sizes.as_slice() else {
                return None;
            };
            Some((m, n, k, shape.ends_with("TN")))
        })
        .collect();
    let shapes = if shapes.is_empty() { SHAPES } else { &shapes };
    for &isa in Isa::available().iter().rev() {
        if names.is_empty() || names.iter().any(|name| *name == isa.name()) {
            report(isa, shapes);
        }
    }
}
