//! The elementary functions of the kernels, the same bits on every instruction set.
//!
//! A kernel is generic over [`Math`]; what it calls for `f32` stands in [`single`], for `f64` in
//! [`double`]. Nothing here calls the platform's mathematical library.

pub mod double;
mod normal;
mod power;
pub mod single;
mod trigonometry;

/// The elementary functions of `f32` and `f64`, for kernels that are generic over the two.
///
/// In both a NaN gives a NaN, except where [`pow`](Self::pow) follows C.
pub trait Math: sealed::Sealed + Copy {
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1, without cancellation near 0.
    fn expm1(self) -> Self;
    /// The natural logarithm; −∞ at 0, NaN below.
    fn log(self) -> Self;
    /// log(1 + x), without cancellation near 0.
    fn log1p(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1 / (1 + e⁻ˣ), for any x without overflow.
    fn sigmoid(self) -> Self;
    /// log(1 + eˣ), for any x without overflow; its derivative is the sigmoid.
    fn softplus(self) -> Self;
    /// 2/√π ∫₀ˣ e^(−t²) dt.
    fn erf(self) -> Self;
    /// ½ erfc(−x/√2), with its digits in the left tail.
    fn normal_cdf(self) -> Self;
    /// The sine, right for any finite angle.
    fn sin(self) -> Self;
    /// The cosine, right for any finite angle.
    fn cos(self) -> Self;
    /// The inverse of the tangent, in [−π/2, π/2].
    fn atan(self) -> Self;
    /// xʸ with the special cases of C: x⁰ = 1 and 1ʸ = 1 even for NaN, NaN where x < 0 and y is
    /// no whole number.
    fn pow(self, exponent: Self) -> Self;
    /// The largest whole number that is at most x.
    fn floor(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The larger of two numbers; the first if they are equal, ±0 included, and NaN if either is.
    fn maximum(self, other: Self) -> Self;
    /// The smaller of two numbers; the first if they are equal, ±0 included, and NaN if either is.
    fn minimum(self, other: Self) -> Self;
}

/// Keeps other types out, so that functions may be added later.
mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! math {
    ($number:ty, $functions:ident: $($name:ident)*) => {
        impl Math for $number {
            $(
                #[inline(always)]
                fn $name(self) -> Self {
                    $functions::$name(self)
                }
            )*
            #[inline(always)]
            fn pow(self, exponent: Self) -> Self {
                $functions::pow(self, exponent)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                <$number>::floor(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$number>::abs(self)
            }
            #[inline(always)]
            fn maximum(self, other: Self) -> Self {
                if self >= other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn minimum(self, other: Self) -> Self {
                if self <= other || self.is_nan() { self } else { other }
            }
        }
    };
}

math!(f32, single: exp expm1 log log1p tanh sigmoid softplus erf normal_cdf sin cos atan);
math!(f64, double: exp expm1 log log1p tanh sigmoid softplus erf normal_cdf sin cos atan);

#[cfg(test)]
mod tests {
    use super::Math;

    fn the_first_of_equals_and_nan<T: Math + PartialOrd + std::fmt::Debug + From<f32>>() {
        let [one, two, nan] = [1.0, 2.0, f32::NAN].map(T::from);
        assert_eq!([one.maximum(two), two.maximum(one)], [two, two]);
        assert_eq!([one.minimum(two), two.minimum(one)], [one, one]);
        for value in [nan.maximum(one), one.maximum(nan), nan.minimum(one), one.minimum(nan)] {
            assert_eq!(value.partial_cmp(&value), None);
        }
        let [zero, negative] = [0.0, -0.0].map(T::from);
        // 1/x tells −0 from 0, here as a power.
        let minus = T::from(-1.0);
        for (first, second) in [(zero, negative), (negative, zero)] {
            assert_eq!(first.maximum(second).pow(minus), first.pow(minus));
            assert_eq!(first.minimum(second).pow(minus), first.pow(minus));
        }
    }

    #[test]
    fn maximum_and_minimum_keep_the_first_of_equals_and_nan() {
        the_first_of_equals_and_nan::<f32>();
        the_first_of_equals_and_nan::<f64>();
    }
}
