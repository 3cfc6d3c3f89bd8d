//! What the CPU could do at most, to measure products against.

use std::hint::black_box;

use crate::simd::{Element, Isa, Lanes, Level};

/// Runs `rounds` rounds of fused multiply-adds that wait for nothing but the units that compute them, and
/// returns how many floating-point operations that was (two for each multiply-add).
///
/// The time that it takes is the caller's to measure: a library result never depends on a clock.
pub fn multiply_add_rounds<T: Element>(isa: Isa, rounds: usize) -> usize {
    // Enough chains to hide the latency of a multiply-add, few enough to stay in registers.
    let numbers = match isa.level() {
        // SAFETY: plain Rust runs on every CPU.
        Level::Portable => unsafe { chains::<T::Array, 12>(rounds) },
        // SAFETY: `isa` is the CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { chains_avx2::<T>(rounds) },
        // SAFETY: `isa` is the CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { chains_avx512::<T>(rounds) },
    };
    2 * numbers * rounds
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn chains_avx2<T: Element>(rounds: usize) -> usize {
    // SAFETY: this function is compiled for the vector's instruction set.
    unsafe { chains::<T::Avx2, 12>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
unsafe fn chains_avx512<T: Element>(rounds: usize) -> usize {
    // SAFETY: this function is compiled for the vector's instruction set.
    unsafe { chains::<T::Avx512, 16>(rounds) }
}

/// Runs `CHAINS` chains of vectors, and returns how many numbers one round computes.
#[inline(always)]
unsafe fn chains<L: Lanes, const CHAINS: usize>(rounds: usize) -> usize {
    // SAFETY: the caller has the vector's instruction set.
    unsafe {
        let factor = L::splat(black_box(L::Element::from_f64(0.5)));
        let mut chains = [factor; CHAINS];
        for (i, chain) in chains.iter_mut().enumerate() {
            *chain = L::splat(black_box(L::Element::from_f64(i as f64)));
        }
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = factor.mul_add(*chain, factor);
            }
        }
        black_box(chains);
    }
    CHAINS * L::COUNT
}
