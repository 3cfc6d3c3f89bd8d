//! A code of each row replaced by a learned vector.

use std::sync::Arc;

use chainrule_core::op::Unary;
use chainrule_core::{Expr, Words};
use serde_json::{Value, json};

use super::{Builder, Layer, LayerKind, LayerSetting, invalid};
use crate::error::Result;
use crate::initializers;

/// The most codes: as floats of single precision, all up to here are exact.
const MOST_LEVELS: usize = 1 << 24;

pub(super) const KIND: LayerKind = LayerKind {
    name: "embedding",
    formula: "x[column] → E[x[column]]",
    about: Words {
        english: "Gives each category of a column a learned vector, its row of a table E: for \
                  columns of many categories, where one input for each would be too many. Guo and \
                  Berkhahn, 2016.",
        korean: "열의 범주마다 학습되는 벡터, 곧 표 E의 한 행을 준다. 범주가 많아 범주마다 입력을 \
                 하나씩 두기 어려운 열에 쓴다. Guo and Berkhahn, 2016.",
    },
    settings: &[
        LayerSetting {
            name: "column",
            default: None,
            about: Words {
                english: "The place of the code in a row, from 0.",
                korean: "행에서 코드가 있는 자리다. 0부터 센다.",
            },
        },
        LayerSetting {
            name: "levels",
            default: None,
            about: Words {
                english: "The number of codes, which are 0, 1, 2, …; every other number shares \
                          one vector more.",
                korean: "코드의 수다. 코드는 0, 1, 2, …이며 그 밖의 수는 모두 따로 둔 벡터 하나를 \
                         함께 쓴다.",
            },
        },
        LayerSetting {
            name: "units",
            default: None,
            about: Words { english: "The length of a vector.", korean: "벡터의 길이다." },
        },
        LayerSetting {
            name: "initializer",
            default: Some("normal"),
            about: Words {
                english: "How the vectors start: normal as in PyTorch (Keras has numbers within \
                          ±0.05); that of unknown codes starts at 0.",
                korean: "벡터의 시작값이다. PyTorch처럼 정규분포를 따른다(Keras는 ±0.05 안의 \
                         수다). 모르는 코드의 벡터는 0에서 시작한다.",
            },
        },
    ],
    make: |given| {
        let (column, levels) = (given.whole("column")?, given.count("levels")?);
        let mut layer = Embedding::new(column, levels, given.count("units")?)?;
        if given.has("initializer") {
            layer.initializer = initializers::Settings::parse(given.text("initializer")?)?;
        }
        Ok(Arc::new(layer))
    },
};

/// The number at one place of a row, a code, replaced by the vector that a learned table has for
/// it; the others stay as they are.
///
/// The codes are 0, 1, 2 … below `levels`. Whatever is none of them (NaN, too large, negative) has
/// a vector of its own, which starts at 0 and learns if training has such rows. The vectors start
/// as normal numbers, as in PyTorch.
///
/// In training the table is multiplied by a row that is 1 at the code and 0 elsewhere, and in
/// prediction its row is read: the numbers are the same, and the gradient is a product. A step
/// costs levels × units multiplications a row, so that some thousands of levels are practical.
///
/// Guo and Berkhahn, *Entity Embeddings of Categorical Variables*, 2016.
#[derive(Clone, Debug)]
pub struct Embedding {
    column: usize,
    levels: usize,
    units: usize,
    /// How the vectors start; that of unknown codes starts at 0.
    pub initializer: initializers::Settings,
}

impl Embedding {
    /// Vectors of `units` numbers for `levels` codes at the place `column` of a row.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) if there are no levels, or too many to
    /// be codes, or no units.
    pub fn new(column: usize, levels: usize, units: usize) -> Result<Self> {
        if !(1..=MOST_LEVELS).contains(&levels) {
            let expected = format!("from 1 to {MOST_LEVELS}");
            return Err(invalid("levels", levels.to_string(), &expected));
        }
        if units == 0 {
            return Err(invalid("units", "0".to_owned(), "1 or more"));
        }
        let initializer = initializers::Settings::parse("normal")?;
        Ok(Self { column, levels, units, initializer })
    }
}

impl Layer for Embedding {
    fn name(&self) -> &str {
        KIND.name
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let initializer = self.initializer.to_string();
        let known = builder.parameter("table", &[self.levels, self.units], &initializer);
        let other = builder.parameter("other", &[1, self.units], "zeros");
        let table = Expr::concat(&[known, other], 0);
        let width = input.shape().dims.last().copied().unwrap_or(1);
        let code = input.clone().slice(0, self.column, 1);
        let levels = self.levels as f64;
        let is_known = Expr::constant(0.0).less_or_equal(&code) * code.clone().less(levels);
        let code = is_known.select(&code, levels);
        let vector = if builder.training() {
            let place = code.unary(Unary::Floor);
            let is_place = Expr::iota(&[self.levels + 1], 0).equals(place);
            is_place.matmul(&table)
        } else {
            table.gather(code).reshape(&[self.units])
        };
        let mut parts = Vec::new();
        if self.column > 0 {
            parts.push(input.clone().slice(0, 0, self.column));
        }
        parts.push(vector);
        let after = self.column.saturating_add(1);
        if after < width {
            parts.push(input.clone().slice(0, after, width - after));
        }
        Expr::concat(&parts, 0)
    }

    fn settings(&self) -> Value {
        json!({
            "column": self.column,
            "levels": self.levels,
            "units": self.units,
            "initializer": self.initializer.to_string(),
        })
    }

    fn title(&self) -> String {
        format!("embedding {} of {}", self.units, self.levels)
    }
}
