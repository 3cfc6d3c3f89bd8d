//! What is said beside the formulas.

use chainrule::data::{Link, TargetEncoder};
use chainrule::explanation::{Explanation, Slope, Step};
use chainrule::{Language, Model, Words};

use crate::output::{count, short};

pub const MODEL: Words = Words::new("model", "모델");
pub const LOSS: Words = Words::new("loss", "손실");
pub const ROW: Words = Words::new("row", "행");
pub const UNITS: Words = Words::new("units", "단위");
pub const UPDATE: Words = Words::new("update", "갱신");
pub const FORWARD: Words = Words::new("forward, each row", "순전파, 행마다");
pub const BACKWARD: Words =
    Words::new("backward, from the loss to every parameter", "역전파, 손실에서 매개변수까지");
pub const FUNCTIONS: Words = Words::new("where, element by element", "여기서, 원소마다");
const NOTATION: Words = Words::new("notation", "표기");
const NETWORK: Words = Words::new("network", "신경망");

/// What each sign means, if it occurs.
const SIGNS: [(&str, Words); 8] = [
    (" ⊙ ", Words::new("⊙ multiplies element by element", "⊙은 원소끼리의 곱이다")),
    ("ᵀ", Words::new("ᵀ transposes", "ᵀ는 전치다")),
    ("Σᵢ", Words::new("Σᵢ sums over the m rows of a batch", "Σᵢ는 배치의 m개 행에 걸친 합이다")),
    ("Σⱼ", Words::new("Σⱼ over the numbers of a row", "Σⱼ는 한 행의 수에 걸친 합이다")),
    ("′(", Words::new("f′ is the derivative of f", "f′은 f의 도함수다")),
    (
        "onehot",
        Words::new(
            "onehot(y) is 1 at place y and 0 elsewhere",
            "onehot(y)는 y번째만 1이고 나머지는 0이다",
        ),
    ),
    ("[", Words::new("places are counted from 0", "자리는 0부터 센다")),
    ("constant(", Words::new("constant(…) has derivative 0", "constant(…)의 도함수는 0이다")),
];

const WITHOUT_DROPOUT: Words = Words::new(
    "as it predicts: dropout is off; each step of training drops other units",
    "예측할 때의 신경망이다. 드롭아웃은 꺼져 있고, 학습할 때는 단계마다 다른 유닛을 끈다",
);
const WITH_RUNNING_VALUES: Words = Words::new(
    "as it predicts: batch normalisation uses its running mean μ and variance v; training uses \
     those of the batch",
    "예측할 때의 신경망이다. 배치 정규화는 이동 평균 μ와 이동 분산 v를 쓰고, 학습할 때는 배치의 \
     평균과 분산을 쓴다",
);
const WITH_NEITHER: Words = Words::new(
    "as it predicts: dropout is off, and batch normalisation uses its running mean μ and variance \
     v; training drops units and uses the mean and variance of the batch",
    "예측할 때의 신경망이다. 드롭아웃은 꺼져 있고 배치 정규화는 이동 평균 μ와 이동 분산 v를 \
     쓴다. 학습할 때는 유닛을 끄고 배치의 평균과 분산을 쓴다",
);

/// How the formulas are read: only what occurs in them; and whether training has others.
pub fn notation(explanation: &Explanation, language: Language) -> Vec<(&'static str, String)> {
    let steps = explanation.forward.iter().map(|step| &step.formula.text);
    let slopes = explanation.backward.iter().map(|slope| &slope.formula.text);
    let all: Vec<&String> = steps.chain(slopes).collect();
    let product = Words::new("x·W is a row times a matrix", "x·W는 행과 행렬의 곱이다");
    let found = SIGNS.iter().filter(|(sign, _)| all.iter().any(|text| text.contains(sign)));
    let signs: Vec<&str> = std::iter::once(&product)
        .chain(found.map(|(_, words)| words))
        .map(|w| w.of(language))
        .collect();
    let between = Words::new("; ", ". ").of(language);
    let mut rows = vec![(NOTATION.of(language), signs.join(between))];
    let mode = match (explanation.has_dropout, !explanation.states.is_empty()) {
        (false, false) => return rows,
        (true, false) => WITHOUT_DROPOUT,
        (false, true) => WITH_RUNNING_VALUES,
        (true, true) => WITH_NEITHER,
    };
    rows.push((NETWORK.of(language), mode.of(language).to_owned()));
    rows
}

/// So many numbers.
pub fn numbers(value: usize, language: Language) -> String {
    match language {
        Language::English => crate::output::of(value, "number"),
        Language::Korean => format!("수 {}개", count(value)),
    }
}

/// The size of a step, and of the parameters that it uses.
pub fn of_step(explanation: &Explanation, step: &Step, language: Language) -> String {
    let told = match step.name.as_str() {
        "E" => Some(Words::new("the loss of a row", "한 행의 손실")),
        "L" => Some(Words::new("the loss of a batch", "배치의 손실")),
        "M" => Some(Words::new("its mean", "그 평균")),
        _ => None,
    };
    if let Some(told) = told {
        return told.of(language).to_owned();
    }
    let named = explanation.parameters.iter().chain(&explanation.states);
    let own: Vec<String> = named
        .filter(|named| uses(step, &named.symbol.text))
        .map(|named| format!("{} {}", named.symbol.text, dims(&named.dims)))
        .collect();
    let aside = Words::new(", no part of L", ", L에는 쓰이지 않는다").of(language);
    let what = if step.is_aside { aside } else { "" };
    let size = numbers(step.definition.shape().elements(), language);
    match own.is_empty() {
        true => format!("{size}{what}"),
        false => format!("{size}; {}", own.join(", ")),
    }
}

/// Whether a formula has a symbol.
pub fn uses(step: &Step, symbol: &str) -> bool {
    let within = |letter: char| letter.is_alphanumeric();
    step.formula.text.match_indices(symbol).any(|(place, _)| {
        let (before, after) = step.formula.text.split_at(place);
        !before.ends_with(within) && !after[symbol.len()..].starts_with(within)
    })
}

/// The size of a slope.
pub fn of_slope(explanation: &Explanation, slope: &Slope, language: Language) -> String {
    let parameter = explanation.parameters.iter().find(|named| named.name == slope.of);
    let step = explanation.forward.iter().find(|step| step.name == slope.of);
    match (parameter, step) {
        (Some(parameter), _) => dims(&parameter.dims),
        (None, Some(step)) => numbers(step.definition.shape().elements(), language),
        (None, None) => String::new(),
    }
}

/// The definitions of functions and their derivatives.
pub fn functions(explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    for function in &explanation.functions {
        let name = &function.name;
        let own = format!("{name}(x)");
        if function.definition.text != own {
            lines.push(format!("{own} = {}", function.definition.text));
        }
        lines.push(format!("{name}′(x) = {}", function.derivative.text));
    }
    lines
}

/// The dimensions of a matrix.
pub fn dims(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(|&dim| count(dim)).collect();
    if dims.is_empty() { "1".to_owned() } else { dims.join(" × ") }
}

/// The most classes and outputs that are listed.
const LISTED: usize = 8;

/// What y and p are measured in.
pub fn units(model: &Model, language: Language) -> String {
    match &model.target {
        TargetEncoder::Regression { outputs } => {
            let of = |output: &chainrule::data::ScaledTarget| {
                let column = &output.column;
                let scaled = |value: &str| match (output.mean, output.std) {
                    (0.0, 1.0) => value.to_owned(),
                    (mean, std) => format!("({value} - {})/{}", short(mean), short(std)),
                };
                match output.link {
                    Link::Identity | Link::Normal => scaled(column),
                    Link::Log => scaled(&format!("log(1 + {column})")),
                    Link::Rate => column.clone(),
                }
            };
            let all = listed(outputs.iter().map(of));
            match language {
                Language::English => format!("y and p stand for {all}"),
                Language::Korean => format!("y와 p가 나타내는 것: {all}"),
            }
        }
        TargetEncoder::Classes { column, labels } => {
            let is_number = labels.iter().enumerate().all(|(place, l)| *l == place.to_string());
            let numbered = listed(
                labels.iter().enumerate().map(|(place, label)| format!("{place} = {label}")),
            );
            let last = labels.len().saturating_sub(1);
            match (language, is_number) {
                (Language::English, true) => format!("y is {column}, from 0 to {last}"),
                (Language::Korean, true) => format!("y는 0에서 {last}까지의 {column}이다"),
                (Language::English, false) => {
                    format!("y is the number of the class of {column}: {numbered}")
                }
                (Language::Korean, false) => format!("y는 {column} 클래스의 번호다: {numbered}"),
            }
        }
        TargetEncoder::Multilabel { outputs } => {
            let all = listed(outputs.iter().map(|output| output.column.clone()));
            match language {
                Language::English => format!("y is 1 for yes and 0 for no, of {all}"),
                Language::Korean => format!("y는 예가 1, 아니요가 0이다: {all}"),
            }
        }
    }
}

/// The first of some things, with commas between.
fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = if all.len() > LISTED { ", …" } else { "" };
    let first: Vec<String> = all.take(LISTED).collect();
    format!("{}{more}", first.join(", "))
}

/// A number in digits enough to follow on a calculator: `0.12346`, `-1.2033`, `1.2346e-7`.
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e6) {
        return (value + 0.0).to_string();
    }
    let scientific = format!("{value:.4e}");
    let exponent = scientific.split_once('e').and_then(|(_, digits)| digits.parse::<i32>().ok());
    match exponent {
        Some(exponent @ -4..=5) => format!("{value:.*}", (4 - exponent).max(0) as usize),
        _ => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_five_digits() {
        let shown = [0.0, -0.0, 1.0, -3.0, 0.123_456, -1.203_26, 123.456, 0.000_012_345_6, 1e9];
        assert_eq!(
            shown.map(number),
            ["0", "0", "1", "-3", "0.12346", "-1.2033", "123.46", "1.2346e-5", "1.0000e9"]
        );
    }

    #[test]
    fn a_long_list_is_cut() {
        let of = |count: usize| listed((0..count).map(|place| place.to_string()));
        assert_eq!(of(3), "0, 1, 2");
        assert_eq!(of(9), "0, 1, 2, 3, 4, 5, 6, 7, …");
    }
}
