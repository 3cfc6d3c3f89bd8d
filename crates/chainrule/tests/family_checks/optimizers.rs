//! The optimizers: every row of their table, step after step on the engine and by the oracle.

use chainrule::clipping::{By as ClipBy, Clipping};
use chainrule::error::ErrorKind;
use chainrule::optimizers::{OPTIMIZERS, Optimizer, Range, Settings, Steps, Update, optimizer};
use chainrule_core::compile::compile;
use chainrule_core::derivative::gradient;
use chainrule_core::{Expr, Language, Shape};
use chainrule_cpu::{Data, Engine, Matrices, Matrix, Number, Options, Selection};
use serde_json::Value;

use crate::golden::{cases, numbers};
use crate::running::{By, Given, assert_close};

/// One parameter under an optimizer: its new value and states as expressions of `w`, the states by
/// name, `rate`, `step`, and what the gradient reads.
struct Rule {
    names: Vec<&'static str>,
    /// How many numbers each of them is.
    sizes: Vec<usize>,
    roots: Vec<Expr>,
}

impl Rule {
    fn new(settings: &Settings, width: usize, gradient: impl Fn(&Expr) -> Expr) -> Self {
        let name = settings.optimizer().name;
        let parameter = Expr::input("w", Shape::shared(&[width]));
        let states: Vec<Expr> =
            settings.states().iter().map(|state| state.input(state.name, &[width])).collect();
        let (new, new_states) = settings.optimizer().update.unwrap()(&Update {
            parameter: &parameter,
            gradient: &gradient(&parameter),
            states: &states,
            learning_rate: &Expr::variable("rate"),
            step: &Expr::variable("step"),
            settings,
        });
        assert_eq!(new.shape(), parameter.shape(), "{name}");
        assert_eq!(new_states.len(), states.len(), "{name}");
        for (new, state) in new_states.iter().zip(&states) {
            assert_eq!(new.shape(), state.shape(), "{name}");
        }
        let sizes = std::iter::once(&parameter).chain(&states);
        let sizes = sizes.map(|value| value.shape().elements()).collect();
        let roots = std::iter::once(new).chain(new_states).collect();
        let names = settings.states().iter().map(|state| state.name);
        Self { names: std::iter::once("w").chain(names).collect(), sizes, roots }
    }

    /// The parameter and the states before the first step.
    fn start(&self, parameter: &[f64]) -> Vec<Vec<f64>> {
        let mut values: Vec<Vec<f64>> = self.sizes.iter().map(|&size| vec![0.0; size]).collect();
        values[0] = parameter.to_vec();
        values
    }

    /// The parameter after each step, from a start; `steps` says the gradient's input at each.
    fn run(&self, by: By, start: &[f64], rate: f64, steps: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let start = self.start(start);
        let after = match by {
            By::Oracle => self.evaluated(start, rate, steps),
            By::F64 => self.compiled::<f64>(&start, 0, rate, steps),
            By::F32 => self.compiled::<f32>(&start, 0, rate, steps),
        };
        after.into_iter().map(|mut values| values.swap_remove(0)).collect()
    }

    fn evaluated(
        &self,
        mut values: Vec<Vec<f64>>,
        rate: f64,
        steps: &[Vec<f64>],
    ) -> Vec<Vec<Vec<f64>>> {
        let mut after = Vec::new();
        for (number, slope) in steps.iter().enumerate() {
            let (rate, step) = ([rate], [number as f64 + 1.0]);
            let mut given: Vec<Given<'_>> = vec![("rate", &rate), ("step", &step), ("g", slope)];
            given.extend(self.names.iter().zip(&values).map(|(name, value)| (*name, &value[..])));
            values = By::Oracle.values(&self.roots, &given, 1);
            after.push(values.clone());
        }
        after
    }

    /// The parameter and the states after each step, from those after `done` steps, on an engine
    /// that knows nothing of the steps before.
    fn compiled<T: Number>(
        &self,
        start: &[Vec<f64>],
        done: usize,
        rate: f64,
        steps: &[Vec<f64>],
    ) -> Vec<Vec<Vec<f64>>> {
        let updates: Vec<(&str, Expr)> =
            self.names.iter().copied().zip(self.roots.iter().cloned()).collect();
        let program = compile(&[], &updates).unwrap();
        let mut engine = Engine::<T>::new(program.clone(), Options::default());
        let place = |name: &str| program.inputs().iter().position(|input| input.name == name);
        let set = |engine: &mut Engine<T>, name: &str, values: &[f64]| {
            let Some(place) = place(name) else { return };
            let values: Vec<T> = values.iter().map(|&x| T::from_f64(x)).collect();
            engine.set_input(place, &values).unwrap();
        };
        set(&mut engine, "rate", &[rate]);
        for (name, values) in self.names.iter().zip(start) {
            set(&mut engine, name, values);
        }
        let one = [1.0];
        let source = Matrices::new(&[("", Matrix::new(Data::F64(&one), 1, 1).unwrap())]).unwrap();
        let mut after = Vec::new();
        for (number, slope) in steps.iter().enumerate() {
            set(&mut engine, "step", &[(done + number) as f64 + 1.0]);
            set(&mut engine, "g", slope);
            let rows = Selection::Range { start: 0, count: 1 };
            engine.run(&source, rows, 0, 0, &mut []).unwrap();
            let values = self.names.iter().map(|name| {
                let values = place(name).map_or(&[][..], |place| engine.input(place));
                values.iter().map(|&x| T::to_f64(x)).collect()
            });
            after.push(values.collect());
        }
        after
    }
}

/// Every optimizer whose steps are a rule.
fn rules() -> impl Iterator<Item = &'static Optimizer> {
    OPTIMIZERS.iter().filter(|optimizer| optimizer.update.is_some())
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
    for optimizer in rules() {
        assert!(optimizer.points.len() > 1, "{}", optimizer.name);
        for Steps { given, learning_rate, start, gradients, after } in optimizer.points {
            assert!(!gradients.is_empty() && gradients.len() == after.len());
            let settings = Settings::new(optimizer, given).unwrap();
            for by in By::ALL {
                let relative = if by == By::F32 { 1e-6 } else { 1e-15 };
                let found = walk(by, &settings, *start, *learning_rate, gradients);
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
        if let Some(after) = case.get("params_after_each_step") {
            let rule = Rule::new(&settings, start.len(), given(start.len()));
            let found = rule.run(By::F32, &start, rate, &gradients).concat();
            assert_close(&found, &numbers(after), (2e-6, 2e-6), &(&case["optimizer"], By::F32));
        }
        checked += 1;
    }
    assert_eq!(checked, 19);
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
        Range::Flag | Range::Finite => 1.0,
        Range::Fraction => 0.75,
        Range::NotNegative => 0.125,
        Range::Positive => 1e-4,
        Range::Inside => 0.5,
        Range::Whole | Range::Count => 3.0,
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
    let gradients = [0.5, -0.25, 0.0, 3.0, 1e-3, -2.0, -0.06];
    for optimizer in rules() {
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
    for optimizer in rules() {
        for settings in variations(optimizer) {
            let states = vec![empty.clone(); settings.states().len()];
            let (new, _) = optimizer.update.unwrap()(&Update {
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
    let clip = Clipping::new(ClipBy::GlobalNorm, 1.0).unwrap();
    assert_eq!(clip.apply(std::slice::from_ref(&empty))[0].node().err(), empty.node().err());
    let clipped = |_: &Expr| clip.apply(&[Expr::input("g", Shape::shared(&[1]))]).remove(0);
    let found =
        Rule::new(&configured("sgd", &[]), 1, clipped).run(By::F64, &[1.0], 0.1, &[vec![0.5]]);
    assert_eq!(found, [[0.95]]);
}

#[test]
fn opt_rmsprop_eps_1() {
    // Outside the root, as in PyTorch.
    case("rmsprop", &[("epsilon", 0.01)], 0.0, 0.01, &[0.1], &[-0.05]);
}

#[test]
fn opt_resume_step_1() {
    // Every state and the number of the step are saved and restored: any optimizer goes on as if
    // it had never stopped, to the bit.
    let published = [-0.099_999_999, -0.199_999_998, -0.299_999_997];
    case("adam", &[], 0.0, 0.1, &[1.0; 3], &published);
    let steps: Vec<Vec<f64>> =
        [1.0, 0.5, -3.0, 1e-3, 2.0, 2.0, -1.0].iter().map(|&g| vec![g, -g * g]).collect();
    for optimizer in rules() {
        for settings in variations(optimizer) {
            let rule = Rule::new(&settings, 2, given(2));
            let start = rule.start(&[0.25, -1.5]);
            let whole = rule.compiled::<f32>(&start, 0, 0.1, &steps);
            for stop in [2, 5] {
                let resumed = rule.compiled::<f32>(&whole[stop - 1], stop, 0.1, &steps[stop..]);
                assert_eq!(resumed, whole[stop..], "{settings:?} after {stop}");
            }
        }
    }
}

#[test]
fn the_trust_of_radam_keeps_its_digits_in_f32() {
    // The paper's form is the difference of 1999 and 1993.
    let settings = configured("radam", &[]);
    let steps = vec![1.0; 40];
    let [double, single] = [By::F64, By::F32].map(|by| walk(by, &settings, 0.0, 1.0, &steps));
    for number in 5..steps.len() {
        let moved = |after: &[f64]| after[number] - after[number - 1];
        assert_close(&[moved(&single)], &[moved(&double)], (3e-5, 0.0), &number);
    }
    // Long after, the rectification is gone: the step is Adam's.
    let steps = vec![1.0; 30_000];
    let [adam, radam] =
        ["adam", "radam"].map(|name| walk(By::F32, &configured(name, &[]), 0.0, 1e-3, &steps));
    let moved = |after: &[f64]| after[29_999] - after[29_000];
    assert_close(&[moved(&radam)], &[moved(&adam)], (2e-3, 0.0), &"radam and adam");
}

#[test]
fn the_variance_of_rmsprop_never_falls_below_0() {
    // s − m² of gradients that are nearly equal rounds to below 0 in f32.
    let settings = configured("rmsprop", &[("centered", 1.0), ("alpha", 0.9)]);
    let gradients: Vec<f64> = (0..400).map(|i| 100.0 + 1e-4 * f64::from(i % 3)).collect();
    let found = walk(By::F32, &settings, 0.0, 1e-6, &gradients);
    assert!(found.iter().all(|w| w.is_finite()), "{found:?}");
}

#[test]
fn each_is_told_in_two_languages() {
    for optimizer in OPTIMIZERS {
        let settings = optimizer.settings.iter().map(|setting| (setting.name, setting.about));
        for (name, about) in settings.chain([(optimizer.name, optimizer.about)]) {
            let [english, korean] =
                [Language::English, Language::Korean].map(|language| about.of(language));
            assert!(english.ends_with('.') && korean.ends_with('.'), "{name}");
            assert!(korean.contains('다') && !english.contains('다'), "{name}");
        }
    }
}
