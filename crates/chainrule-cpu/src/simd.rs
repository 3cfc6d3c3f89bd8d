//! The instruction sets of this machine, and the vectors that kernels are written in.
//!
//! A kernel compiled for AVX-512 may only be entered on a CPU that has it. [`Isa`] is the proof: the
//! only values in existence are those that [`Isa::available`] has found on this very CPU, so whoever
//! holds one may call what it names. That is what every `SAFETY` comment on such a call rests on.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::error::{Error, ErrorKind};

/// The environment variable that chooses the instruction set of a process: `avx512`, `avx2` or
/// `portable`.
pub const ISA_VARIABLE: &str = "CHAINRULE_ISA";

/// An instruction set that this CPU has been found to have.
///
/// Results never depend on it: kernels accumulate each output in one order, so an `Isa` chooses speed
/// alone.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Isa(Level);

/// What an [`Isa`] holds, for the `match` that chooses a kernel.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Level {
    /// Plain Rust for whatever the program was compiled for.
    Portable,
    /// AVX2 and FMA: 16 registers of 32 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, VL, DQ and BW, with AVX2 and FMA: 32 registers of 64 bytes and masks.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Every level of this architecture, each needing more of the CPU than the one before.
const LEVELS: &[Isa] = &[
    Isa(Level::Portable),
    #[cfg(target_arch = "x86_64")]
    Isa(Level::Avx2),
    #[cfg(target_arch = "x86_64")]
    Isa(Level::Avx512),
];

/// The best level of this CPU, asked from the operating system and the CPU themselves.
fn best_level() -> Level {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        return if wide { Level::Avx512 } else { Level::Avx2 };
    }
    Level::Portable
}

/// What the environment asks for, or the text that names nothing this CPU has; read once.
fn request() -> Option<&'static Result<Isa, String>> {
    static REQUEST: OnceLock<Option<Result<Isa, String>>> = OnceLock::new();
    let read = || {
        let text = std::env::var_os(ISA_VARIABLE).filter(|text| !text.is_empty())?;
        let text = text.to_string_lossy();
        Some(Isa::named(&text).ok_or_else(|| text.into_owned()))
    };
    REQUEST.get_or_init(read).as_ref()
}

impl Isa {
    /// Returns the instruction set to use: the one that [`ISA_VARIABLE`] asks for, else the fastest of
    /// this CPU. The environment is read once. What this CPU does not have cannot be used, so that
    /// asking for it changes nothing here; [`Isa::requested`] tells.
    pub fn detect() -> Isa {
        match request() {
            Some(Ok(isa)) => *isa,
            Some(Err(_)) | None => Isa(best_level()),
        }
    }

    /// Returns the instruction set that [`ISA_VARIABLE`] asks for, if it is set and not empty.
    ///
    /// # Errors
    /// [`ErrorKind::InstructionSet`] if this CPU does not have it, or there is none of that name.
    pub fn requested() -> Result<Option<Isa>, Error> {
        match request() {
            None => Ok(None),
            Some(Ok(isa)) => Ok(Some(*isa)),
            Some(Err(found)) => {
                let available = Isa::available().iter().map(|isa| isa.name()).collect();
                Err(ErrorKind::InstructionSet { found: found.clone(), available }.into())
            }
        }
    }

    /// Returns every instruction set of this CPU from slowest to fastest, so that tests can compare
    /// them; what the environment asks for does not matter.
    pub fn available() -> &'static [Isa] {
        &LEVELS[..=best_level() as usize]
    }

    /// Returns the instruction set of a name, if this CPU has it.
    fn named(name: &str) -> Option<Isa> {
        Isa::available().iter().find(|isa| isa.name() == name).copied()
    }

    /// Returns its name: `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }

    /// Returns the level to match on; the CPU has what it names.
    pub(crate) fn level(self) -> Level {
        self.0
    }
}

/// A number that the engine computes in: `f32` or `f64`, and no other type.
pub trait Element:
    sealed::Registers
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// +0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// Returns self · factor + addend with one rounding.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Returns the square root, rounded to the nearest; NaN below 0.
    fn sqrt(self) -> Self;
    /// Returns the nearest value of this type, ties to even.
    fn from_f64(value: f64) -> Self;
    /// Returns the value exactly.
    fn to_f64(self) -> f64;
}

macro_rules! element {
    ($element:ty, $array:expr, $avx2:ident, $avx512:ident) => {
        impl Element for $element {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn mul_add(self, factor: Self, addend: Self) -> Self {
                <$element>::mul_add(self, factor, addend)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$element>::sqrt(self)
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $element
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }

        impl sealed::Registers for $element {
            type Array = Array<$element, { $array }>;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = $avx2;
            #[cfg(target_arch = "x86_64")]
            type Avx512 = $avx512;
        }
    };
}

element!(f32, 4, __m256, __m512);
element!(f64, 2, __m256d, __m512d);

mod sealed {
    /// The vectors of an element on each level; private, so that no other type can be an `Element`.
    pub trait Registers: Sized {
        /// Sixteen bytes of plain Rust.
        type Array: super::Lanes<Element = Self>;
        /// A register of AVX2.
        #[cfg(target_arch = "x86_64")]
        type Avx2: super::Lanes<Element = Self> + super::Square;
        /// A register of AVX-512.
        #[cfg(target_arch = "x86_64")]
        type Avx512: super::Lanes<Element = Self>;
    }
}

/// A vector register.
///
/// # Safety
/// Every function needs the CPU to have the vector's instruction set (its caller holds the [`Isa`], or
/// is itself compiled for it), and every pointer to be good for the elements that it names.
#[allow(clippy::missing_safety_doc)]
pub trait Lanes: Copy {
    /// What one lane holds.
    type Element: Element;
    /// The number of lanes.
    const COUNT: usize;
    /// Which lanes a masked access touches.
    type Mask: Copy;

    /// Returns the mask of the first `count` lanes.
    unsafe fn first(count: usize) -> Self::Mask;
    /// Returns a vector with `value` in every lane.
    unsafe fn splat(value: Self::Element) -> Self;
    /// Reads all lanes.
    unsafe fn load(from: *const Self::Element) -> Self;
    /// Reads the lanes of the mask, without touching the memory of the others, which become +0.
    unsafe fn load_masked(from: *const Self::Element, mask: Self::Mask) -> Self;
    /// Writes all lanes.
    unsafe fn store(self, to: *mut Self::Element);
    /// Writes the lanes of the mask, without touching the memory of the others.
    unsafe fn store_masked(self, to: *mut Self::Element, mask: Self::Mask);
    /// Returns self · factor + addend with one rounding in each lane.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// Returns self + other in each lane.
    unsafe fn add(self, other: Self) -> Self;
    /// Returns self − other in each lane.
    unsafe fn sub(self, other: Self) -> Self;
    /// Returns self · other in each lane.
    unsafe fn mul(self, other: Self) -> Self;
    /// Returns self / other in each lane.
    unsafe fn div(self, other: Self) -> Self;
    /// Returns the square root of each lane, rounded to the nearest.
    unsafe fn sqrt(self) -> Self;
    /// Returns `yes` in the lanes where self ≥ other, and `no` in those where it is not or either is
    /// NaN.
    unsafe fn if_at_least(self, other: Self, yes: Self, no: Self) -> Self;
}

/// Asks for the cache line of an address, which may be any, into the second-level cache: the first
/// is too small to hold what is worked on and what comes next, where rows lie a page apart.
#[inline(always)]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of every x86-64, and an address that is not there is ignored.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Plain Rust's vector: the compiler puts it in registers where there are any.
#[derive(Copy, Clone)]
pub struct Array<T, const N: usize>([T; N]);

impl<T: Element, const N: usize> Lanes for Array<T, N> {
    type Element = T;
    const COUNT: usize = N;
    type Mask = usize;

    #[inline(always)]
    unsafe fn first(count: usize) -> usize {
        count
    }
    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Array([value; N])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller's pointer is good for N elements, and an array needs no more alignment.
        Array(unsafe { from.cast::<[T; N]>().read() })
    }
    #[inline(always)]
    unsafe fn load_masked(from: *const T, mask: usize) -> Self {
        let mut lanes = [T::ZERO; N];
        for (lane, value) in lanes.iter_mut().enumerate().take(mask) {
            // SAFETY: the caller's pointer is good for the lanes of the mask.
            *value = unsafe { from.add(lane).read() };
        }
        Array(lanes)
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller's pointer is good for N elements, and an array needs no more alignment.
        unsafe { to.cast::<[T; N]>().write(self.0) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut T, mask: usize) {
        for (lane, value) in self.0.into_iter().enumerate().take(mask) {
            // SAFETY: the caller's pointer is good for the lanes of the mask.
            unsafe { to.add(lane).write(value) }
        }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        let mut lanes = addend.0;
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value = self.0[lane].mul_add(factor.0[lane], *value);
        }
        Array(lanes)
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Array(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Array(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Array(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Array(std::array::from_fn(|lane| self.0[lane] / other.0[lane]))
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Array(self.0.map(Element::sqrt))
    }
    #[inline(always)]
    unsafe fn if_at_least(self, other: Self, yes: Self, no: Self) -> Self {
        let choose = |lane: usize| match self.0[lane] >= other.0[lane] {
            true => yes.0[lane],
            false => no.0[lane],
        };
        Array(std::array::from_fn(choose))
    }
}

/// Writes [`Lanes`] for one x86-64 register: its name, element, mask and intrinsics.
#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($register:ident, $element:ty, $count:expr, $mask:ty, $first:expr, $splat:ident, $fused:ident,
     [$add:ident $sub:ident $mul:ident $div:ident $sqrt:ident], $choose:ident, load $load:ident $load_masked:ident, store $store:ident $store_masked:ident) => {
        // Every function below: the trait's contract gives it the CPU's features and good pointers, and
        // these intrinsics ask for no alignment.
        impl Lanes for $register {
            type Element = $element;
            const COUNT: usize = $count;
            type Mask = $mask;

            #[inline(always)]
            unsafe fn first(count: usize) -> $mask {
                // SAFETY: the CPU has the feature, by the trait's contract.
                #[allow(unused_unsafe)]
                unsafe {
                    $first(count)
                }
            }
            #[inline(always)]
            unsafe fn splat(value: $element) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                // SAFETY: feature and pointer are good, by the trait's contract.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn load_masked(from: *const $element, mask: $mask) -> Self {
                // SAFETY: feature and pointer are good, by the trait's contract.
                unsafe { $load_masked(mask, from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $element) {
                // SAFETY: feature and pointer are good, by the trait's contract.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn store_masked(self, to: *mut $element, mask: $mask) {
                // SAFETY: feature and pointer are good, by the trait's contract.
                unsafe { $store_masked(to, mask, self) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $fused(self, factor, addend) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $div(self, other) }
            }
            #[inline(always)]
            unsafe fn sqrt(self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $sqrt(self) }
            }
            #[inline(always)]
            unsafe fn if_at_least(self, other: Self, yes: Self, no: Self) -> Self {
                // SAFETY: the CPU has the feature, by the trait's contract.
                unsafe { $choose(self, other, yes, no) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod masks {
    //! AVX2 takes its masks as vectors and the pointer first; these give both sets one face.
    use std::arch::x86_64::*;

    #[inline(always)]
    pub fn first16(count: usize) -> u16 {
        ((1u32 << count) - 1) as u16
    }
    #[inline(always)]
    pub fn first8(count: usize) -> u8 {
        ((1u32 << count) - 1) as u8
    }
    #[inline(always)]
    pub unsafe fn first8_of_32(count: usize) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane)
        }
    }
    #[inline(always)]
    pub unsafe fn first4_of_64(count: usize) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe {
            let lane = _mm256_setr_epi64x(0, 1, 2, 3);
            _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), lane)
        }
    }
    /// Writes the choice by a comparison for one register.
    macro_rules! choose {
        ($name:ident, $register:ty, |$a:ident, $b:ident, $yes:ident, $no:ident| $chosen:expr) => {
            #[inline(always)]
            pub unsafe fn $name(
                $a: $register,
                $b: $register,
                $yes: $register,
                $no: $register,
            ) -> $register {
                // SAFETY: the caller has the register's instruction set.
                unsafe { $chosen }
            }
        };
    }
    choose!(choose_m256, __m256, |a, b, yes, no| {
        _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GE_OQ>(a, b))
    });
    choose!(choose_m256d, __m256d, |a, b, yes, no| {
        _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_GE_OQ>(a, b))
    });
    choose!(choose_m512, __m512, |a, b, yes, no| {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b), no, yes)
    });
    choose!(choose_m512d, __m512d, |a, b, yes, no| {
        _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_GE_OQ>(a, b), no, yes)
    });

    #[inline(always)]
    pub unsafe fn load_f32(mask: __m256i, from: *const f32) -> __m256 {
        // SAFETY: the caller has AVX2 and a pointer good for the lanes of the mask.
        unsafe { _mm256_maskload_ps(from, mask) }
    }
    #[inline(always)]
    pub unsafe fn load_f64(mask: __m256i, from: *const f64) -> __m256d {
        // SAFETY: the caller has AVX2 and a pointer good for the lanes of the mask.
        unsafe { _mm256_maskload_pd(from, mask) }
    }
}

#[cfg(target_arch = "x86_64")]
use masks::{
    choose_m256, choose_m256d, choose_m512, choose_m512d, first4_of_64, first8, first8_of_32,
    first16, load_f32, load_f64,
};

#[cfg(target_arch = "x86_64")]
register!(__m256, f32, 8, __m256i, first8_of_32, _mm256_set1_ps, _mm256_fmadd_ps,
    [_mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps], choose_m256, load _mm256_loadu_ps load_f32, store _mm256_storeu_ps _mm256_maskstore_ps);
#[cfg(target_arch = "x86_64")]
register!(__m256d, f64, 4, __m256i, first4_of_64, _mm256_set1_pd, _mm256_fmadd_pd,
    [_mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd], choose_m256d, load _mm256_loadu_pd load_f64, store _mm256_storeu_pd _mm256_maskstore_pd);
#[cfg(target_arch = "x86_64")]
register!(__m512, f32, 16, __mmask16, first16, _mm512_set1_ps, _mm512_fmadd_ps,
    [_mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps], choose_m512, load _mm512_loadu_ps _mm512_maskz_loadu_ps, store _mm512_storeu_ps _mm512_mask_storeu_ps);
#[cfg(target_arch = "x86_64")]
register!(__m512d, f64, 8, __mmask8, first8, _mm512_set1_pd, _mm512_fmadd_pd,
    [_mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd], choose_m512d, load _mm512_loadu_pd _mm512_maskz_loadu_pd, store _mm512_storeu_pd _mm512_mask_storeu_pd);

/// A vector of which as many as it has lanes make a square that can be turned round in registers.
///
/// # Safety
/// As for [`Lanes`].
#[cfg(target_arch = "x86_64")]
#[allow(clippy::missing_safety_doc)]
pub trait Square: Lanes {
    /// Rows and columns of the square.
    const SIDE: usize = Self::COUNT;

    /// Writes the transpose of the square at `from` to `to`.
    unsafe fn transpose(
        from: *const Self::Element,
        from_stride: usize,
        to: *mut Self::Element,
        to_stride: usize,
    );
}

#[cfg(target_arch = "x86_64")]
impl Square for __m256 {
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: feature and pointers are good, by the trait's contract.
        unsafe {
            for half in 0..2 {
                // Row r and row r + 4 in one register: their load does half of the turning.
                let from = from.add(4 * half);
                let mut rows = [_mm256_setzero_ps(); 4];
                for (r, row) in rows.iter_mut().enumerate() {
                    let upper = _mm_loadu_ps(from.add(r * from_stride));
                    let lower = _mm_loadu_ps(from.add((r + 4) * from_stride));
                    *row = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(upper), lower);
                }
                let [a, b, c, d] = rows;
                let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (ab_high, cd_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                let to = to.add(4 * half * to_stride);
                _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(ab, cd));
                _mm256_storeu_ps(to.add(to_stride), _mm256_shuffle_ps::<0xee>(ab, cd));
                _mm256_storeu_ps(
                    to.add(2 * to_stride),
                    _mm256_shuffle_ps::<0x44>(ab_high, cd_high),
                );
                _mm256_storeu_ps(
                    to.add(3 * to_stride),
                    _mm256_shuffle_ps::<0xee>(ab_high, cd_high),
                );
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Square for __m256d {
    #[inline(always)]
    unsafe fn transpose(from: *const f64, from_stride: usize, to: *mut f64, to_stride: usize) {
        // SAFETY: feature and pointers are good, by the trait's contract.
        unsafe {
            for half in 0..2 {
                // Row r and row r + 2 in one register: their load does half of the turning.
                let from = from.add(2 * half);
                let mut rows = [_mm256_setzero_pd(); 2];
                for (r, row) in rows.iter_mut().enumerate() {
                    let upper = _mm_loadu_pd(from.add(r * from_stride));
                    let lower = _mm_loadu_pd(from.add((r + 2) * from_stride));
                    *row = _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(upper), lower);
                }
                let to = to.add(2 * half * to_stride);
                _mm256_storeu_pd(to, _mm256_unpacklo_pd(rows[0], rows[1]));
                _mm256_storeu_pd(to.add(to_stride), _mm256_unpackhi_pd(rows[0], rows[1]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cpu_has_is_found_by_its_name() {
        assert_eq!(Isa::available()[0].name(), "portable");
        for &isa in Isa::available() {
            assert_eq!(Isa::named(isa.name()), Some(isa));
        }
        for unknown in ["", "AVX2", "avx512 ", "neon", "avx1024"] {
            assert_eq!(Isa::named(unknown), None);
        }
    }

    #[test]
    fn what_is_used_is_what_was_asked_for() {
        // Whatever environment the tests run in.
        let fastest = Isa::available().last().copied();
        let expected = Isa::requested().ok().flatten().or(fastest);
        assert_eq!(Some(Isa::detect()), expected);
    }
}
