//! What is said of what was found.

use chainrule::explanation::Explanation;
use chainrule::gradient_check::{Checked, GradientCheck};
use chainrule::{Language, Words};

use crate::output::{count, of};

pub const DATA: Words = Words::new("data", "데이터");
pub const LOSS: Words = Words::new("loss", "손실");
pub const METHOD_LABEL: Words = Words::new("method", "방법");
pub const SAMPLE: Words = Words::new("sample", "표본");
pub const WORST: Words = Words::new("worst", "최대 오차");
pub const KINKS: Words = Words::new("kinks", "꺾인 점");
pub const BENDS: Words = Words::new("bends", "굽은 곳");
pub const RESULT: Words = Words::new("result", "결과");
pub const AT_KINKS: Words = Words::new("at kinks", "꺾인 점");
pub const ANALYTIC: Words = Words::new("by the chain rule", "연쇄법칙으로");
pub const NUMERIC: Words = Words::new("by differences", "차분으로");

pub const METHOD: Words = Words::new(
    "each slope beside (L(w + h) - L(w - h))/(2h), in double precision, on the graph that is trained",
    "기울기마다 (L(w + h) - L(w - h))/(2h)와 견준다. 학습하는 그래프에서 배정밀도로 계산한다",
);

pub const HEAD: [Words; 6] = [
    Words::new("parameter", "매개변수"),
    Words::new("", ""),
    Words::new("shape", "크기"),
    Words::new("looked at", "살펴본 수"),
    Words::new("largest slope", "최대 기울기"),
    Words::new("worst error", "최대 오차"),
];

/// The rows that were looked at.
pub fn rows(file: &str, looked_at: usize, all: usize, language: Language) -> String {
    match (language, looked_at == all) {
        (Language::English, true) => format!("{file}, {}", of(all, "row")),
        (Language::English, false) => format!(
            "{file}, {} of {}, evenly spread; --rows takes more",
            count(looked_at),
            of(all, "row")
        ),
        (Language::Korean, true) => format!("{file}, 행 {}개", count(all)),
        (Language::Korean, false) => format!(
            "{file}, 행 {}개 가운데 고르게 {}개. --rows로 더 볼 수 있다",
            count(all),
            count(looked_at)
        ),
    }
}

/// How training differs from prediction, if it does.
pub fn mode(explanation: &Explanation, language: Language) -> Option<&'static str> {
    let mode = match (explanation.has_dropout, !explanation.states.is_empty()) {
        (false, false) => return None,
        (true, false) => Words::new(
            "as in training, with dropout; the same units are dropped at each look",
            "학습할 때처럼 드롭아웃을 켠다. 언제나 같은 유닛을 끈다",
        ),
        (false, true) => Words::new(
            "as in training, batch normalisation over these rows",
            "학습할 때처럼 배치 정규화는 이 행들의 평균과 분산을 쓴다",
        ),
        (true, true) => Words::new(
            "as in training, with dropout, the same units dropped at each look, and batch \
             normalisation over these rows",
            "학습할 때처럼 드롭아웃을 켜되 언제나 같은 유닛을 끄고, 배치 정규화는 이 행들의 평균과 \
             분산을 쓴다",
        ),
    };
    Some(mode.of(language))
}

/// That not every element was looked at.
pub fn sample(seed: u64, language: Language) -> String {
    match language {
        Language::English => format!(
            "of a large parameter some elements, chosen by seed {seed}; --all looks at every one"
        ),
        Language::Korean => {
            format!("큰 매개변수는 원소 몇 개만 고른다(시드 {seed}). --all로 모두 볼 수 있다")
        }
    }
}

/// How many elements were looked at.
pub fn looked_at(parameter: &Checked, language: Language) -> String {
    let (own, all) = (count(parameter.looked_at), count(parameter.elements()));
    match (language, parameter.looked_at == parameter.elements()) {
        (Language::English, true) => format!("all {all}"),
        (Language::English, false) => format!("{own} of {all}"),
        (Language::Korean, true) => format!("모두 {all}"),
        (Language::Korean, false) => format!("{all} 중 {own}"),
    }
}

/// Elements at which there is no derivative.
pub fn at_kinks(elements: usize, language: Language) -> String {
    match language {
        Language::English => format!(
            "{} at a kink, such as relu's at 0: there is no derivative, and the gradient is a slope \
             between those of the two sides",
            stand(elements)
        ),
        Language::Korean => format!(
            "원소 {}개가 relu의 0과 같은 꺾인 점에 있다. 그곳에는 미분값이 없으며, 기울기는 양쪽 \
             기울기 사이에 있다",
            count(elements)
        ),
    }
}

/// Elements that agree with a smaller step.
pub fn bent(elements: usize, language: Language) -> String {
    match language {
        Language::English => format!(
            "{} beside a kink or a sharp bend, and agree{} with smaller steps",
            stand(elements),
            if elements == 1 { "s" } else { "" }
        ),
        Language::Korean => format!(
            "원소 {}개는 꺾인 점이나 급히 굽은 곳 옆에 있어 더 작은 h에서 일치한다",
            count(elements)
        ),
    }
}

/// So many elements stand somewhere.
fn stand(elements: usize) -> String {
    format!("{} stand{}", of(elements, "element"), if elements == 1 { "s" } else { "" })
}

/// Whether the gradient is right, and how far differences can tell.
pub fn result(found: &GradientCheck, language: Language) -> String {
    let (tolerance, rounding) = (found.tolerance, found.rounding);
    match (language, found.passed()) {
        (Language::English, true) => format!(
            "every slope agrees to a relative {tolerance:e}, or to {rounding:.1e}, which the rounding \
             of L hides"
        ),
        (Language::English, false) => format!(
            "not every slope agrees to a relative {tolerance:e}, or to {rounding:.1e}, which the \
             rounding of L hides"
        ),
        (Language::Korean, true) => format!(
            "모든 기울기가 상대 오차 {tolerance:e} 또는 L의 반올림에 묻히는 {rounding:.1e} 안에서 \
             일치한다"
        ),
        (Language::Korean, false) => format!(
            "상대 오차 {tolerance:e}도, L의 반올림에 묻히는 {rounding:.1e}도 넘게 어긋나는 기울기가 \
             있다"
        ),
    }
}
