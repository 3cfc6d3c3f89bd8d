//! Defaults that differ from tool to tool: what ours is, what theirs are, and why.

use chainrule_core::Words;

use super::{Entry, Family, Value};

/// A default that differs from tool to tool.
///
/// The tools are PyTorch 2, Keras 3 and, where they have such a thing, scikit-learn 1, SciPy 1 and
/// the libraries of JAX: optax and flax.
#[derive(Clone, Copy, Debug)]
pub struct Disagreement {
    /// The family of the members.
    pub family: Family,
    /// The members.
    pub names: &'static [&'static str],
    /// The setting or the parameter; the learning rate is one.
    pub setting: &'static str,
    /// What PyTorch has, in our terms; a dash if there is no such thing.
    pub pytorch: &'static str,
    /// What Keras, and so TensorFlow, has.
    pub keras: &'static str,
    /// What other tools have.
    pub others: &'static str,
    /// Why ours is not PyTorch's, if it is not.
    pub why: Option<Words>,
}

impl Disagreement {
    /// Our default, among all entries; `None` if it must be given.
    pub fn ours(&self, entries: &[Entry]) -> Option<Value> {
        self.of(self.names.first()?, entries)
    }

    /// The default of one of the members.
    fn of(&self, name: &str, entries: &[Entry]) -> Option<Value> {
        let entry =
            entries.iter().find(|entry| entry.family == self.family && entry.name == name)?;
        let number = |(name, value): (&str, f64)| (name == self.setting).then_some(value);
        let given = entry.parameters.iter().filter_map(|&(name, value)| Some((name, value?)));
        let learning_rate = entry.learning_rate.map(|rate| ("learning_rate", rate));
        let numbers = given.chain(entry.learned.iter().copied()).chain(learning_rate);
        let setting = entry.settings.iter().find(|setting| setting.name == self.setting);
        let of_setting = setting.and_then(|setting| setting.default);
        numbers.filter_map(number).map(Value::Number).next().or(of_setting)
    }
}

/// What most rows have in common.
const SAME: Disagreement = Disagreement {
    family: Family::Optimizers,
    names: &[],
    setting: "learning_rate",
    pytorch: "–",
    keras: "–",
    others: "",
    why: None,
};

/// Every default that differs from tool to tool.
pub const DISAGREEMENTS: &[Disagreement] = &[
    Disagreement {
        family: Family::Activations,
        names: &["leaky_relu"],
        setting: "slope",
        pytorch: "0.01",
        keras: "0.2 (layer: 0.3)",
        others: "JAX: 0.01",
        ..SAME
    },
    Disagreement {
        family: Family::Activations,
        names: &["prelu"],
        setting: "a",
        pytorch: "0.25",
        keras: "0",
        others: "flax: 0.01",
        ..SAME
    },
    Disagreement {
        family: Family::Losses,
        names: &["huber"],
        setting: "delta",
        pytorch: "1",
        keras: "1",
        others: "optax: 1, scikit-learn: 1.35",
        ..SAME
    },
    Disagreement {
        family: Family::Losses,
        names: &["focal"],
        setting: "alpha",
        pytorch: "0.25 (torchvision)",
        keras: "0 (CategoricalFocalCrossentropy: 0.25)",
        others: "optax: 0",
        why: Some(Words {
            english: "Classes are not to be weighed unasked.",
            korean: "클래스에 저절로 가중치가 붙지 않게 한다.",
        }),
    },
    Disagreement {
        names: &["sgd"],
        pytorch: "0.001",
        keras: "0.01",
        others: "scikit-learn: 0.001 (MLP), 0.01 (SGDRegressor)",
        why: Some(Words {
            english: "Columns are scaled here, so that larger steps are safe and fewer epochs do.",
            korean: "열을 표준화하므로 스텝이 커도 안전하고 에포크가 적게 든다.",
        }),
        ..SAME
    },
    Disagreement {
        names: &["lion"],
        keras: "0.001",
        why: Some(Words {
            english: "The paper's; PyTorch has no lion.",
            korean: "논문의 값이다. PyTorch에는 lion이 없다.",
        }),
        ..SAME
    },
    Disagreement {
        names: &["lion"],
        setting: "weight_decay",
        keras: "0",
        others: "optax: 0.001",
        why: Some(Words {
            english: "Nothing is drawn to 0 unasked; PyTorch has no lion.",
            korean: "가중치를 저절로 당기지 않는다. PyTorch에는 lion이 없다.",
        }),
        ..SAME
    },
    Disagreement {
        names: &["adam", "adamw", "nadam"],
        setting: "epsilon",
        pytorch: "1e-8",
        keras: "1e-7",
        others: "optax, scikit-learn (adam): 1e-8",
        ..SAME
    },
    Disagreement {
        names: &["adamax"],
        setting: "epsilon",
        pytorch: "1e-8",
        keras: "1e-7",
        others: "optax: 1e-8",
        ..SAME
    },
    Disagreement {
        names: &["adamw"],
        setting: "weight_decay",
        pytorch: "0.01",
        keras: "0.004",
        others: "optax: 1e-4",
        ..SAME
    },
    Disagreement { names: &["adamax", "nadam"], pytorch: "0.002", keras: "0.001", ..SAME },
    Disagreement {
        names: &["nadam"],
        setting: "momentum_decay",
        pytorch: "0.004",
        keras: "1",
        ..SAME
    },
    Disagreement { names: &["rmsprop", "adagrad"], pytorch: "0.01", keras: "0.001", ..SAME },
    Disagreement {
        names: &["rmsprop"],
        setting: "alpha",
        pytorch: "0.99",
        keras: "0.9",
        others: "optax: 0.9",
        ..SAME
    },
    Disagreement {
        names: &["rmsprop"],
        setting: "epsilon",
        pytorch: "1e-8",
        keras: "1e-7: sqrt(s + epsilon)",
        others: "optax: 1e-8: sqrt(s + epsilon)",
        ..SAME
    },
    Disagreement {
        names: &["adagrad"],
        setting: "epsilon",
        pytorch: "1e-10",
        keras: "1e-7: sqrt(s + epsilon)",
        others: "optax: 1e-7: sqrt(s + epsilon)",
        ..SAME
    },
    Disagreement {
        names: &["adagrad"],
        setting: "initial",
        pytorch: "0",
        keras: "0.1",
        others: "optax: 0.1",
        ..SAME
    },
    Disagreement { names: &["adadelta"], pytorch: "1", keras: "0.001", ..SAME },
    Disagreement {
        names: &["adadelta"],
        setting: "rho",
        pytorch: "0.9",
        keras: "0.95",
        others: "optax: 0.9",
        ..SAME
    },
    Disagreement {
        names: &["adadelta"],
        setting: "epsilon",
        pytorch: "1e-6",
        keras: "1e-7",
        others: "optax: 1e-6",
        ..SAME
    },
    Disagreement {
        names: &["lbfgs"],
        setting: "history",
        pytorch: "100",
        others: "SciPy, scikit-learn: 10",
        why: Some(Words {
            english: "Older steps help little, and each keeps two copies of all weights.",
            korean: "오래된 스텝은 별로 도움이 되지 않고, 스텝마다 모든 가중치의 사본이 둘씩 든다.",
        }),
        ..SAME
    },
    Disagreement {
        names: &["lbfgs"],
        setting: "tolerance",
        pytorch: "1e-7",
        others: "SciPy: 1e-5, scikit-learn: 1e-4",
        ..SAME
    },
    Disagreement {
        family: Family::Schedules,
        names: &["linear"],
        setting: "start",
        pytorch: "1/3",
        keras: "1",
        why: Some(LINEAR),
        ..SAME
    },
    Disagreement {
        family: Family::Schedules,
        names: &["linear"],
        setting: "end",
        pytorch: "1",
        keras: "1e-4 (PolynomialDecay)",
        why: Some(LINEAR),
        ..SAME
    },
    Disagreement {
        family: Family::Initializers,
        names: &["normal"],
        setting: "deviation",
        pytorch: "1",
        keras: "0.05",
        others: "JAX: 0.01",
        ..SAME
    },
    Disagreement {
        family: Family::Layers,
        names: &["dense"],
        setting: "initializer",
        pytorch: "he_uniform:slope=√5",
        keras: "glorot_uniform",
        others: "scikit-learn: glorot_uniform, flax: lecun_normal",
        why: Some(Words {
            english: "It keeps the variance from layer to layer, which PyTorch's lets fall to a \
                      sixth with relu.",
            korean: "층을 지나도 분산을 유지한다. PyTorch의 초기화는 relu 층마다 분산을 6분의 1로 \
                     줄인다.",
        }),
    },
    Disagreement {
        family: Family::Layers,
        names: &["dropout"],
        setting: "rate",
        pytorch: "0.5",
        why: Some(Words {
            english: "None suits most tables, so that it must be given.",
            korean: "대부분의 표에 맞는 값이 없으므로 꼭 정해야 한다.",
        }),
        ..SAME
    },
    Disagreement {
        family: Family::Layers,
        names: &["batch_norm"],
        setting: "momentum",
        pytorch: "0.1",
        keras: "0.01 (momentum=0.99)",
        others: "flax: 0.01 (momentum=0.99)",
        ..SAME
    },
    Disagreement {
        family: Family::Layers,
        names: &["batch_norm"],
        setting: "epsilon",
        pytorch: "1e-5",
        keras: "0.001",
        others: "flax: 1e-5",
        ..SAME
    },
    Disagreement {
        family: Family::Layers,
        names: &["layer_norm"],
        setting: "epsilon",
        pytorch: "1e-5",
        keras: "0.001",
        others: "flax: 1e-6",
        ..SAME
    },
    Disagreement {
        family: Family::Layers,
        names: &["embedding"],
        setting: "initializer",
        pytorch: "normal",
        keras: "U(-0.05, 0.05)",
        ..SAME
    },
];

const LINEAR: Words = Words {
    english: "PyTorch's LinearLR is a warm-up, which stands apart here.",
    korean: "PyTorch의 LinearLR은 워밍업이며, 여기서는 워밍업이 따로 있다.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{Settable, entries};

    #[test]
    fn each_is_about_a_member_and_its_setting() {
        let entries = entries();
        for row in DISAGREEMENTS {
            for &name in row.names {
                let found = entries
                    .iter()
                    .find(|entry| entry.family == row.family && entry.name == name)
                    .unwrap_or_else(|| panic!("{name}"));
                let must_be_given =
                    |setting: &Settable| setting.name == row.setting && setting.default.is_none();
                let ours = row.of(name, &entries);
                assert_eq!(ours, row.ours(&entries), "{name} {}", row.setting);
                assert!(
                    ours.is_some() || found.settings.iter().any(must_be_given),
                    "{name} has no {}",
                    row.setting
                );
            }
        }
    }

    #[test]
    fn where_ours_is_not_that_of_pytorch_there_is_a_reason() {
        let entries = entries();
        for row in DISAGREEMENTS {
            let ours = row.ours(&entries);
            let same = match (ours, row.pytorch.parse::<f64>()) {
                (Some(Value::Number(ours)), Ok(theirs)) => ours == theirs,
                (Some(Value::Text(ours)), _) => ours == row.pytorch,
                _ => false,
            };
            assert_eq!(same, row.why.is_none(), "{:?} {}: {ours:?}", row.names, row.setting);
        }
    }

    #[test]
    fn each_differs_from_some_tool() {
        let entries = entries();
        for row in DISAGREEMENTS {
            let ours = row.ours(&entries).map_or("–".to_owned(), |value| value.to_string());
            let others = row.others.split(", ").filter_map(|text| Some(text.split_once(": ")?.1));
            let tools = [row.pytorch, row.keras].into_iter().chain(others);
            let mut theirs = tools.filter(|&text| text != "–");
            let number = |text: &str| text.parse::<f64>().ok();
            let differs = |text: &str| {
                text != ours && (number(text) != number(&ours) || number(text).is_none())
            };
            assert!(theirs.any(differs), "{:?} {}", row.names, row.setting);
        }
    }
}
