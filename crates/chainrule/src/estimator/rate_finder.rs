//! The learning-rate range test: one short training while the rate rises from step to step.
//!
//! While the rate is too small the loss stays where it is; then it falls, and where the rate is too
//! large it rises. Smith, "Cyclical Learning Rates for Training Neural Networks", 2015; with the
//! exponential rise and the smoothing of fastai. As with any run, the seed decides every number.

use std::ops::ControlFlow;

use chainrule_core::Words;

use super::{Plan, invalid};
use crate::data::Table;
use crate::error::{ErrorKind, Result};
use crate::schedules::{self, Counts, Rates, Schedule, Warmup};
use crate::settings::{Range, Setting};
use crate::train::{Callback, Start};

/// The rates that are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    /// The rate of the first step.
    pub from: f64,
    /// The rate of the last step.
    pub to: f64,
    /// How many steps.
    pub steps: usize,
}

impl Default for RateRange {
    /// From 1e-7 to 10 in 200 steps, 25 for each tenfold.
    fn default() -> Self {
        Self { from: 1e-7, to: 10.0, steps: 200 }
    }
}

/// A step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Its learning rate.
    pub rate: f64,
    /// The loss of its batch, before the step.
    pub loss: f64,
    /// The mean of the losses so far, each with 9/10 of the weight of the next.
    pub smoothed: f64,
}

/// Why the test came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every rate was tried.
    Tried,
    /// The smoothed loss was more than four times the best.
    Rose,
    /// A loss, a gradient or a parameter was no finite number.
    Diverged,
    /// The callback ended it.
    Stopped,
}

/// What a test has found.
#[derive(Clone, Debug, PartialEq)]
pub struct RateTest {
    /// The steps.
    pub tried: Vec<Tried>,
    /// Why there are no more.
    pub ended: Ended,
}

/// How much of the smoothed loss stays from step to step.
///
/// fastai keeps 0.98, which lags behind by two of the eight tenfolds of a test of 200 steps; 0.9
/// lags by less than half of one.
const KEPT: f64 = 0.9;

/// How many times the best smoothed loss is too much.
const TOO_MUCH: f64 = 4.0;

/// The steps at the start whose smoothed loss is that of a few batches.
const SETTLING: usize = 10;

/// The share by which the smoothed loss must fall for there to be a rate that learns.
const LEAST_FALL: f64 = 0.01;

impl RateTest {
    /// The rate that is suggested: a tenth of that at which the smoothed loss was lowest. None if
    /// the loss never fell.
    pub fn suggestion(&self) -> Option<f64> {
        self.lowest().map(|lowest| lowest.rate / 10.0)
    }

    /// The step with the lowest smoothed loss; none if it never fell.
    pub fn lowest(&self) -> Option<Tried> {
        let settled = self.settled();
        let lowest = settled.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))?;
        let first = settled.first()?.smoothed;
        let fell = first - lowest.smoothed > LEAST_FALL * first.abs();
        fell.then_some(*lowest)
    }

    /// The rate at which the smoothed loss fell fastest, over the logarithm of the rate; none if it
    /// never fell.
    pub fn steepest(&self) -> Option<f64> {
        let lowest = self.lowest()?;
        let falling = self.settled().split(|tried| tried.rate > lowest.rate).next()?;
        // Slopes over several steps, so that one batch does not decide.
        let slopes = falling.windows(SETTLING / 2);
        let fall = |part: &[Tried]| match part {
            [first, .., last] => first.smoothed - last.smoothed,
            _ => f64::NEG_INFINITY,
        };
        let steepest = slopes.max_by(|a, b| fall(a).total_cmp(&fall(b)))?;
        steepest.get(steepest.len() / 2).map(|tried| tried.rate)
    }

    /// The steps whose smoothed loss is a number of many batches.
    fn settled(&self) -> &[Tried] {
        let from = SETTLING.min(self.tried.len() / 4);
        let finite = self.tried.iter().position(|tried| !tried.smoothed.is_finite());
        self.tried[..finite.unwrap_or(self.tried.len())].get(from..).unwrap_or(&[])
    }
}

/// The rising rate, which no command line names.
static RISING: Schedule = Schedule {
    name: "rising",
    formula: "lr*ratio^(n/steps)",
    about: Words {
        english: "Up by a factor every step.",
        korean: "스텝마다 일정한 비율로 올라간다.",
    },
    settings: &[RATIO, STEPS],
    counts: Counts::Steps,
    rate: |moment| {
        let share = moment.position / moment.settings.value("steps");
        moment.learning_rate * libm::pow(moment.settings.value("ratio"), share)
    },
    points: [
        Rates { given: &[("ratio", 4.0), ("steps", 2.0)], losses: &[], rates: &[1.0, 2.0, 4.0] },
        Rates { given: &[("ratio", 9.0), ("steps", 2.0)], losses: &[], rates: &[1.0, 3.0, 9.0] },
    ],
};

const RATIO: Setting = Setting {
    name: "ratio",
    default: 1e8,
    range: Range::Positive,
    needs: None,
    about: Words {
        english: "The last rate, of the first.",
        korean: "첫 학습률에 대한 끝 학습률의 비.",
    },
};

const STEPS: Setting = Setting {
    name: "steps",
    default: 199.0,
    range: Range::Count,
    needs: None,
    about: Words {
        english: "The steps from the first rate to the last.",
        korean: "첫 학습률에서 끝 학습률까지의 스텝 수.",
    },
};

impl Plan {
    /// Tries learning rates on the training rows of the plan, from its network's first parameters;
    /// the plan's own rate, schedule and warm-up count for nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for an optimizer that finds its steps itself, or for rates that
    /// do not rise; what is wrong with the data.
    pub fn find_rate(
        mut self,
        table: &Table,
        range: RateRange,
        callback: &mut dyn Callback,
    ) -> Result<RateTest> {
        let RateRange { from, to, steps } = range;
        let optimizer = self.settings.optimizer.optimizer();
        if optimizer.update.is_none() {
            let (option, value) = ("optimizer", optimizer.name.to_owned());
            let expected = "one that takes steps of a learning rate".to_owned();
            return Err(ErrorKind::InvalidSetting { option, value, expected }.into());
        }
        if !(from > 0.0 && from.is_finite()) {
            return Err(invalid("from", from, "above 0"));
        }
        if !(to > from && to.is_finite()) {
            return Err(invalid("to", to, "above the first rate"));
        }
        if steps < FEWEST {
            return Err(invalid("steps", steps as f64, "20 or more"));
        }
        let given = [("ratio", to / from), ("steps", (steps - 1) as f64)];
        self.settings.schedule = schedules::Settings::new(&RISING, &given)?;
        self.settings.warmup = Warmup::NONE;
        self.settings.learning_rate = from;
        let per_epoch = self.training.len().div_ceil(self.settings.batch_size.max(1)).max(1);
        self.settings.epochs = steps.div_ceil(per_epoch);
        self.settings.patience = usize::MAX;
        // No row is looked at but those of the steps.
        self.validation.clear();
        self.validation_table = None;
        let rows = self.target.rows.len();
        self.weights.iter_mut().for_each(|weights| weights.truncate(rows));
        let rate = |step: u64| from * libm::pow(to / from, (step - 1) as f64 / (steps - 1) as f64);
        let mut finder = Finder {
            rate: &rate,
            steps,
            mean: 0.0,
            best: f64::INFINITY,
            tried: Vec::new(),
            ended: None,
            inner: callback,
        };
        let fitted = self.train_from(table, Start::default(), &mut finder);
        let Finder { tried, ended, .. } = finder;
        let diverged = match fitted {
            Ok(fitted) => fitted.diverged.is_some(),
            Err(error) => match error.into_kind() {
                ErrorKind::Diverged(_) => true,
                other => return Err(other.into()),
            },
        };
        let ended = match (ended, diverged) {
            (Some(ended), false) => ended,
            (_, true) => Ended::Diverged,
            (None, false) => Ended::Tried,
        };
        Ok(RateTest { tried, ended })
    }
}

/// The fewest steps of a test.
const FEWEST: usize = 20;

/// What notes the losses of the steps.
struct Finder<'a> {
    rate: &'a dyn Fn(u64) -> f64,
    steps: usize,
    /// The sum of the losses by their weights.
    mean: f64,
    best: f64,
    tried: Vec<Tried>,
    ended: Option<Ended>,
    inner: &'a mut dyn Callback,
}

impl Callback for Finder<'_> {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.mean = KEPT * self.mean + (1.0 - KEPT) * loss;
        let count = self.tried.len() as f64 + 1.0;
        let smoothed = self.mean / (1.0 - libm::pow(KEPT, count));
        let tried = Tried { rate: (self.rate)(step), loss, smoothed };
        self.tried.push(tried);
        let first = self.tried[0].smoothed;
        self.best = self.best.min(smoothed);
        // A loss that may be negative has no four times; it rises by as much above its start.
        let bound = match self.best > 0.0 {
            true => TOO_MUCH * self.best,
            false => self.best + TOO_MUCH * (first - self.best).max(first.abs()),
        };
        let told = self.inner.step(step, loss);
        self.ended = match () {
            () if told.is_break() => Some(Ended::Stopped),
            () if self.tried.len() > SETTLING && smoothed > bound => Some(Ended::Rose),
            () if self.tried.len() >= self.steps => Some(Ended::Tried),
            () => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ReadOptions;
    use crate::estimator::Recipe;

    fn test(of: impl Fn(f64) -> f64) -> RateTest {
        let tried = (0..90).map(|step| {
            let rate = libm::pow(10.0, f64::from(step) / 10.0 - 7.0);
            Tried { rate, loss: of(rate), smoothed: of(rate) }
        });
        RateTest { tried: tried.collect(), ended: Ended::Tried }
    }

    #[test]
    fn a_tenth_of_the_lowest_is_suggested() {
        // Falls around 1e-3, rises above 0.1.
        let found = test(|rate| 1.0 / (1.0 + rate * 1e3) + rate * rate * 10.0);
        let lowest = found.lowest().unwrap().rate;
        assert!((0.01..0.2).contains(&lowest), "{lowest}");
        assert_eq!(found.suggestion(), Some(lowest / 10.0));
        let steepest = found.steepest().unwrap();
        assert!((3e-4..3e-3).contains(&steepest), "{steepest}");
        // Without a fall there is nothing to suggest.
        let flat = test(|rate| 1.0 + rate);
        assert_eq!((flat.suggestion(), flat.steepest()), (None, None));
        let empty = RateTest { tried: Vec::new(), ended: Ended::Stopped };
        assert_eq!((empty.suggestion(), empty.steepest()), (None, None));
    }

    #[test]
    fn the_rates_rise_from_the_first_to_the_last() {
        for points in &RISING.points {
            let settings = schedules::Settings::new(&RISING, points.given).unwrap();
            let count = points.rates.len() as u64;
            let course = schedules::Course::new(&settings, Warmup::NONE, 1.0, count, 1).unwrap();
            for (step, &rate) in points.rates.iter().enumerate() {
                assert!((course.rate(step as u64, &[]) - rate).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_table_is_tried_and_the_seed_decides() {
        let rows = (0..300).map(|i| format!("{},{}\n", i % 17, 3 * (i % 17) + i % 3));
        let text: String = std::iter::once("x,y\n".to_owned()).chain(rows).collect();
        let table = Table::from_reader(text.as_bytes(), "t.csv", &ReadOptions::default()).unwrap();
        let find = |optimizer: &str, threads: usize, seed: u64, range: RateRange| {
            let optimizer = Some(optimizer.to_owned());
            let recipe = Recipe { layers: vec![8], optimizer, threads, seed, ..Recipe::default() };
            Plan::new(&table, &["y"], &recipe).unwrap().find_rate(&table, range, &mut ())
        };
        let usual = RateRange::default();
        let found = find("sgd", 1, 0, usual).unwrap();
        assert_eq!(found, find("sgd", 4, 0, usual).unwrap());
        assert_ne!(found, find("sgd", 1, 1, usual).unwrap());
        assert!((found.tried[0].rate - 1e-7).abs() < 1e-20);
        assert!(matches!(found.ended, Ended::Rose | Ended::Diverged), "{:?}", found.ended);
        let suggestion = found.suggestion().unwrap();
        assert!((1e-3..1.0).contains(&suggestion), "{suggestion}");
        let few = RateRange { to: 1e-3, ..usual };
        let found = find("adam", 1, 0, few).unwrap();
        assert_eq!((found.ended, found.tried.len()), (Ended::Tried, 200));
        assert!((found.tried[199].rate / 1e-3 - 1.0).abs() < 1e-9);
        for range in [RateRange { from: 0.0, ..usual }, RateRange { to: 1e-8, ..usual }] {
            assert!(find("sgd", 1, 0, range).is_err());
        }
        assert!(find("sgd", 1, 0, RateRange { steps: 3, ..usual }).is_err());
        assert!(find("lbfgs", 1, 0, usual).unwrap_err().to_string().contains("lbfgs"));
    }
}
