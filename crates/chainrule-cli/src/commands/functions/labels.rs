//! The words around what the library's tables say, in both languages.

use chainrule::metrics::Better;
use chainrule::reference::{Formula, Value};
use chainrule::{Language, Words};

pub const FORMULA: Words = Words::new("formula", "식");
pub const LATEX: Words = Words::new("LaTeX", "LaTeX");
pub const DERIVATIVE: Words = Words::new("derivative", "도함수");
pub const CALL: Words = Words::new("in formulas", "식에서");
pub const DOMAIN: Words = Words::new("domain", "정의역");
pub const RANGE: Words = Words::new("range", "값의 범위");
pub const BETTER: Words = Words::new("better", "방향");
pub const ABOUT: Words = Words::new("about", "설명");
pub const USE_IT: Words = Words::new("use it", "쓰임");
pub const LEARNS: Words = Words::new("learns", "학습하는 값");
pub const RATE: Words = Words::new("step size", "학습률");
pub const SETTINGS: Words = Words::new("settings", "설정");
pub const EXAMPLE: Words = Words::new("example", "예");
pub const SETTING: Words = Words::new("setting", "설정");
pub const DEFAULT: Words = Words::new("default", "기본값");
pub const VALUES: Words = Words::new("values", "가능한 값");

/// Stands before the derivative of a loss: that it is of a row, and of which value of it if the
/// loss is not just the mean of these.
pub fn of_a_row(formula: &Formula, quote: &str, language: Language) -> String {
    match (formula.of_row, formula.differs_from_its_row(), language) {
        (None, ..) => String::new(),
        (Some(row), true, Language::English) => format!("of a row's {quote}{row}{quote}, "),
        (Some(row), true, Language::Korean) => format!("한 행의 {quote}{row}{quote}에서 "),
        (Some(_), false, Language::English) => "of a row, ".to_owned(),
        (Some(_), false, Language::Korean) => "한 행에서 ".to_owned(),
    }
}

/// Inequalities and ranges, `x > 0 or n = 1` and `0 to 1`, in which few words stand.
pub fn values(text: &str, language: Language) -> String {
    match language {
        Language::English => text.to_owned(),
        Language::Korean => text.replace(" or ", " 또는 ").replace(" to ", " ~ "),
    }
}

/// The default of a setting.
pub fn default(value: Value, language: Language) -> String {
    match (value, language) {
        (Value::Text("by the activation"), Language::Korean) => "활성화 함수에 따라".to_owned(),
        _ => value.to_string(),
    }
}

/// Which value of a metric is better.
pub fn better(better: Better) -> Words {
    match better {
        Better::Higher => Words::new("higher", "클수록 좋다"),
        Better::Lower => Words::new("lower", "작을수록 좋다"),
    }
}

/// What a learned number starts at: `a, from 0.25`.
pub fn learned((name, first): (&str, f64), language: Language) -> String {
    match language {
        Language::English => format!("{name}, from {first} on"),
        Language::Korean => format!("{name}({first}에서 시작)"),
    }
}

/// What the learning rate is: `0.001 unless --learning-rate gives another`.
pub fn learning_rate(rate: f64, language: Language) -> String {
    match language {
        Language::English => format!("learning rate {rate} unless --learning-rate says otherwise"),
        Language::Korean => format!("{rate} (--learning-rate로 바꾼다)"),
    }
}
