//! The optimizers: every row of their table, step after step on the engine and by the oracle.

use chainrule::error::ErrorKind;
use chainrule::optimizers::{OPTIMIZERS, Optimizer, Range, Settings, Steps, Update, optimizer};
use chainrule_core::compile::compile;
use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Shape};
use chainrule_cpu::{Data, Engine, Matrices, Matrix, Number, Options, Selection};
use serde_json::Value;

use crate::golden::{cases, numbers};
use crate::running::{By, Given, assert_close};

/// One parameter under an optimizer: its new value and states as expressions of `w`, the states by
/// name, `rate`, `step`, and what the gradient reads.
struct Rule {
    names: Vec<&'static str>,
    roots: Vec<Expr>,
    width: usize,
}

impl Rule {
    fn new(settings: &Settings, width: usize, gradient: impl Fn(&Expr) -> Expr) -> Self {
        let input = |name: &str| Expr::input(name, Shape::shared(&[width]));
        let parameter = input("w");
        let states: Vec<Expr> = settings.states().iter().map(|name| input(name)).collect();
        let (new, new_states) = (settings.optimizer().update)(&Update {
            parameter: &parameter,
            gradient: &gradient(&parameter),
            states: &states,
            learning_rate: &Expr::variable("rate"),
            step: &Expr::variable("step"),
            settings,
        });
        assert_eq!(new_states.len(), states.len(), "{}", settings.optimizer().name);
        let roots: Vec<Expr> = std::iter::once(new).chain(new_states).collect();
        for root in &roots {
            assert_eq!(root.shape(), Shape::shared(&[width]), "{}", settings.optimizer().name);
        }
        let names = std::iter::once("w").chain(settings.states().iter().copied()).collect();
        Self { names, roots, width }
    }

    /// The parameter after each step, from a start; `given` says the gradient's input at a step.
    fn run(&self, by: By, start: &[f64], rate: f64, steps: &[Vec<f64>]) -> Vec<Vec<f64>> {
        match by {
            By::Oracle => self.evaluated(start, rate, steps),
            By::F64 => self.compiled::<f64>(start, rate, steps),
            By::F32 => self.compiled::<f32>(start, rate, steps),
        }
    }

    fn evaluated(&self, start: &[f64], rate: f64, steps: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut values = vec![vec![0.0; self.width]; self.names.len()];
        values[0] = start.to_vec();
        let mut after = Vec::new();
        for (number, slope) in steps.iter().enumerate() {
            let (rate, step) = ([rate], [number as f64 + 1.0]);
            let mut given: Vec<Given<'_>> = vec![("rate", &rate), ("step", &step), ("g", slope)];
            given.extend(self.names.iter().zip(&values).map(|(name, value)| (*name, &value[..])));
            values = By::Oracle.values(&self.roots, &given, 1);
            after.push(values[0].clone());
        }
        after
    }

    fn compiled<T: Number>(&self, start: &[f64], rate: f64, steps: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let updates: Vec<(&str, Expr)> =
            self.names.iter().copied().zip(self.roots.iter().cloned()).collect();
        let program = compile(&[], &updates).unwrap();
        let mut engine = Engine::<T>::new(program.clone(), Options::default());
        let set = |engine: &mut Engine<T>, name: &str, values: &[f64]| {
            let Some(place) = program.inputs().iter().position(|input| input.name == name) else {
                return;
            };
            let values: Vec<T> = values.iter().map(|&x| T::from_f64(x)).collect();
            engine.set_input(place, &values).unwrap();
        };
        set(&mut engine, "w", start);
        set(&mut engine, "rate", &[rate]);
        for state in &self.names[1..] {
            set(&mut engine, state, &vec![0.0; self.width]);
        }
        let one = [1.0];
        let source = Matrices::new(&[("", Matrix::new(Data::F64(&one), 1, 1).unwrap())]).unwrap();
        let mut after = Vec::new();
        for (number, slope) in steps.iter().enumerate() {
            set(&mut engine, "step", &[number as f64 + 1.0]);
            set(&mut engine, "g", slope);
            let rows = Selection::Range { start: 0, count: 1 };
            engine.run(&source, rows, 0, number as u64, &mut []).unwrap();
            let place = program.inputs().iter().position(|input| input.name == "w").unwrap();
            after.push(engine.input(place).iter().map(|&x| T::to_f64(x)).collect());
        }
        after
    }
}

/// A gradient that is given at each step.
fn given(width: usize) -> impl Fn(&Expr) -> Expr {
    move |_| Expr::input("g", Shape::shared(&[width]))
}

/// The steps of one number.
fn walk(by: By, settings: &Settings, start: f64, rate: f64, gradients: &[f64]) -> Vec<f64> {
    let steps: Vec<Vec<f64>> = gradients.iter().map(|&slope| vec![slope]).collect();
    Rule::new(settings, 1, given(1)).run(by, &[start], rate, &steps).concat()
}

fn configured(name: &str, given: &[(&str, f64)]) -> Settings {
    Settings::new(optimizer(name).unwrap(), given).unwrap()
}

#[test]
fn each_passes_through_its_points() {
    for optimizer in OPTIMIZERS {
        for Steps { given, learning_rate, start, gradients, after } in optimizer.points {
            assert!(!gradients.is_empty() && gradients.len() == after.len());
            let settings = Settings::new(optimizer, given).unwrap();
            for by in By::ALL {
                let relative = if by == By::F32 { 1e-6 } else { 1e-15 };
                let found = walk(by, &settings, start, learning_rate, gradients);
                assert_close(&found, after, (relative, 0.0), &(optimizer.name, given, by));
            }
        }
    }
}

/// The settings and the learning rate of a golden case.
fn golden_settings(case: &Value) -> (Settings, f64) {
    let name = case["optimizer"].as_str().unwrap().split(' ').next().unwrap();
    let mut given = Vec::new();
    let mut rate = f64::NAN;
    for (key, value) in case["config"].as_object().unwrap() {
        let value = value.as_f64().unwrap_or_else(|| f64::from(u8::from(*value == true)));
        match key.as_str() {
            "lr" => rate = value,
            key => given.push((key, value)),
        }
    }
    (configured(name, &given), rate)
}

#[test]
fn steps_are_the_golden_ones() {
    let text = include_str!("../golden/optimizers.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let start = numbers(&file["start"]);
    let gradients: Vec<Vec<f64>> = file["grads"].as_array().unwrap().iter().map(numbers).collect();
    let mut checked = 0;
    for case in cases(text) {
        let (settings, rate) = golden_settings(&case);
        for by in [By::Oracle, By::F64] {
            let (found, expected) = match case.get("params_after_each_step") {
                Some(after) => {
                    let rule = Rule::new(&settings, start.len(), given(start.len()));
                    (rule.run(by, &start, rate, &gradients).concat(), numbers(after))
                }
                None => on_rosenbrock(by, &settings, rate, &case["params_after_step"]),
            };
            assert_close(&found, &expected, (1e-12, 0.0), &(&case["optimizer"], by));
        }
        checked += 1;
    }
    assert_eq!(checked, 11);
}

/// (1 − a)² + 100 (b − a²)² from (−1.2, 1): what is found and what is expected after some steps.
fn on_rosenbrock(by: By, settings: &Settings, rate: f64, after: &Value) -> (Vec<f64>, Vec<f64>) {
    let rule = Rule::new(settings, 2, |w| {
        let (a, b) = (w.clone().slice(0, 0, 1), w.clone().slice(0, 1, 1));
        let valley = b - a.clone().powf(2.0);
        let height = (1.0 - a).powf(2.0) + 100.0 * valley.powf(2.0);
        gradient(&height.reshape(&[]), std::slice::from_ref(w)).unwrap().remove(0)
    });
    let found = rule.run(by, &[-1.2, 1.0], rate, &vec![Vec::new(); 200]);
    let after = after.as_object().unwrap().iter();
    let pairs = after.map(|(step, expected)| {
        let step: usize = step.parse().unwrap();
        (found[step - 1].clone(), numbers(expected))
    });
    let (found, expected): (Vec<_>, Vec<_>) = pairs.unzip();
    (found.concat(), expected.concat())
}

/// Settings of every kind of an optimizer: the defaults, and each setting moved inside its range.
fn variations(optimizer: &'static Optimizer) -> Vec<Settings> {
    let moved = |range| match range {
        Range::Flag => 1.0,
        Range::Fraction => 0.75,
        Range::NotNegative => 0.125,
        Range::Positive => 1e-4,
    };
    let mut all = vec![Settings::new(optimizer, &[]).unwrap()];
    for setting in optimizer.settings {
        let mut given = vec![(setting.name, moved(setting.range))];
        given.extend(setting.needs.map(|needed| (needed, 0.5)));
        all.push(Settings::new(optimizer, &given).unwrap());
    }
    all
}

#[test]
fn every_setting_does_something_and_compiles_to_what_the_oracle_says() {
    let gradients = [0.5, -0.25, 0.0, 3.0, 1e-3, -2.0];
    for optimizer in OPTIMIZERS {
        let mut seen: Vec<Vec<f64>> = Vec::new();
        for settings in variations(optimizer) {
            let [expected, double, single] =
                By::ALL.map(|by| walk(by, &settings, 1.5, 0.05, &gradients));
            assert!(expected.iter().all(|w| w.is_finite()), "{settings:?}");
            assert_close(&double, &expected, (1e-14, 0.0), &settings);
            assert_close(&single, &expected, (2e-6, 0.0), &settings);
            assert!(!seen.contains(&expected), "{settings:?} changes nothing");
            seen.push(expected);
        }
    }
}

#[test]
fn the_first_correction_of_adam_keeps_its_digits_in_f32() {
    // 1 − 0.999 in f32 is wrong in its fifth digit; the first step is the learning rate.
    for gradient in [1.0, 1e-3, -7.0] {
        let found = walk(By::F32, &configured("adam", &[]), 0.0, 0.125, &[gradient]);
        let expected = -0.125 * gradient / (gradient.abs() + 1e-8);
        assert_close(&found, &[expected], (3e-7, 0.0), &gradient);
    }
}

#[test]
fn a_wrong_setting_says_what_is_right() {
    for optimizer in OPTIMIZERS {
        for setting in optimizer.settings {
            assert!(setting.range.holds(setting.default), "{}", setting.name);
            for wrong in [-1.0, f64::NAN, f64::INFINITY] {
                let error = Settings::new(optimizer, &[(setting.name, wrong)]).unwrap_err();
                let says = matches!(
                    error.kind(),
                    ErrorKind::InvalidSetting { option, expected, .. }
                        if *option == setting.name && expected == setting.range.describe()
                );
                assert!(says, "{error}");
            }
            if let Some(needed) = setting.needs {
                let value = if setting.range == Range::Flag { 1.0 } else { 0.5 };
                let error = Settings::new(optimizer, &[(setting.name, value)]).unwrap_err();
                let says = matches!(
                    error.kind(),
                    ErrorKind::InvalidSetting { expected, .. } if expected.contains(needed)
                );
                assert!(says, "{error}");
            }
        }
        let error = Settings::new(optimizer, &[("weight_decya", 0.1)]).unwrap_err();
        let offered = matches!(
            error.kind(),
            ErrorKind::UnknownName { nearest: Some(nearest), .. } if nearest == "weight_decay"
        );
        assert!(offered, "{error}");
        assert!(Settings::new(optimizer, &[]).unwrap().value("weight_decya").is_nan());
    }
    assert!(optimizer("adm").unwrap_err().to_string().contains("adam"));
}

// Cases of the collection "Public troubles of people who train neural networks, as small checks".

fn case(
    name: &str,
    given: &[(&str, f64)],
    start: f64,
    rate: f64,
    gradients: &[f64],
    after: &[f64],
) {
    for by in By::ALL {
        let found = walk(by, &configured(name, given), start, rate, gradients);
        let relative = if by == By::F32 { 1e-6 } else { 1e-12 };
        assert_close(&found, after, (relative, 0.0), &(name, given, by));
    }
}

#[test]
fn opt_dampening_1() {
    // PyTorch's convention: the first gradient is not dampened.
    let given = [("momentum", 0.9), ("dampening", 0.5)];
    case("sgd", &given, 0.0, 0.1, &[1.0, 1.0, 1.0], &[-0.1, -0.24, -0.416]);
}

#[test]
fn opt_nesterov_1() {
    case("sgd", &[("momentum", 0.9), ("nesterov", 1.0)], 0.0, 0.1, &[1.0, 0.5], &[-0.19, -0.366]);
}

#[test]
fn opt_adam_eps_1() {
    case("adam", &[("epsilon", 1e-3)], 0.0, 0.1, &[1e-4], &[-0.009_090_909_090_909_09]);
}

#[test]
fn opt_adam_bias_1() {
    case("adam", &[], 0.0, 0.1, &[0.01, 0.01], &[-0.099_999_900_000_1, -0.199_999_800_000_2]);
}

#[test]
fn opt_adamw_decay_1() {
    case("adamw", &[("weight_decay", 0.5)], 3.0, 0.1, &[0.0], &[2.85]);
}

#[test]
fn opt_empty_1() {
    // A parameter without elements is refused by its name before it could spoil another; the other
    // steps as if it were alone.
    let empty = Expr::input("w", Shape::shared(&[0, 10]));
    for optimizer in OPTIMIZERS {
        for settings in variations(optimizer) {
            let states = vec![empty.clone(); settings.states().len()];
            let (new, _) = (optimizer.update)(&Update {
                parameter: &empty,
                gradient: &empty,
                states: &states,
                learning_rate: &Expr::variable("rate"),
                step: &Expr::variable("step"),
                settings: &settings,
            });
            assert_eq!(new.node().err(), empty.node().err());
            assert!(new.error().is_some(), "{settings:?}");
        }
    }
    case("sgd", &[], 1.0, 0.1, &[0.5], &[0.95]);
}
