//! Schedules: how the learning rate goes on through a run.
//!
//! A schedule is a function of where the run is and of the losses so far. It keeps nothing, so a
//! run that is resumed goes on with the same rates. A warm-up comes before any of them. To add
//! one, write its row in [`SCHEDULES`]; the row gives it its name everywhere, its settings, its
//! help and its tests.
//!
//! What falls smoothly (cosine, linear, one_cycle) counts steps, and its end is the last step of
//! all the epochs that were asked for; what falls in stairs (step, exponential, plateau) counts
//! epochs. A run that ends early ends somewhere on the way.

mod warmup;

use chainrule_core::Words;

use crate::error::{ErrorKind, Result, by_name};
use crate::settings::{Chosen, Member, Range, Setting};
pub use warmup::Warmup;

/// How the learning rate goes on through a run.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// The rate at position n of the steps or epochs 0, 1, …, N; lr is the one that was asked for.
    pub formula: &'static str,
    /// What it is and when to use it.
    pub about: Words,
    /// What can be set.
    pub settings: &'static [Setting],
    /// What its positions count.
    pub counts: Counts,
    /// The rate at a moment.
    pub rate: fn(&Moment<'_>) -> f64,
    /// Rates of whole runs, exact to the last bits.
    pub points: [Rates; 2],
}

/// What the positions of a schedule count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Steps, each of one batch.
    Steps,
    /// Epochs, each of all rows.
    Epochs,
}

/// Where a run is.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The learning rate that was asked for.
    pub learning_rate: f64,
    /// The steps or epochs before this one, without those of a warm-up.
    pub position: f64,
    /// The position of the last one.
    pub last: f64,
    /// How many positions are an epoch.
    pub per_epoch: f64,
    /// The losses after each of the epochs before: of validation, or of training without it.
    pub losses: &'a [f64],
    /// The values of the settings.
    pub settings: &'a Settings,
}

/// The rates of a run of one step an epoch, with the learning rate 1: what the tests of the family
/// go through.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// The settings that are given, by name.
    pub given: &'static [(&'static str, f64)],
    /// The losses after each epoch.
    pub losses: &'static [f64],
    /// The rate of each epoch.
    pub rates: &'static [f64],
}

/// A schedule with the values of its settings.
pub type Settings = Chosen<Schedule>;

impl Member for Schedule {
    const FAMILY: &'static str = "schedule";
    const SETTING: &'static str = "schedule setting";

    fn table() -> &'static [Self] {
        SCHEDULES
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }
}

/// The schedule of a name.
///
/// # Errors
/// [`UnknownName`](crate::ErrorKind::UnknownName), with the nearest name.
///
/// ```
/// use chainrule::schedules::schedule;
/// assert!(schedule("cosine").is_ok());
/// assert!(schedule("cosin").unwrap_err().to_string().contains("cosine"));
/// ```
pub fn schedule(name: &str) -> Result<&'static Schedule> {
    by_name("schedule", SCHEDULES, |schedule| schedule.name, name)
}

/// The learning rates of a run: a schedule after a warm-up, over a number of steps.
///
/// ```
/// use chainrule::schedules::{Course, Settings, Warmup};
/// let schedule = Settings::parse("cosine").unwrap();
/// let course = Course::new(&schedule, Warmup::Steps(4), 0.4, 8, 1).unwrap();
/// let rates: Vec<f64> = (0..8).map(|step| course.rate(step, &[])).collect();
/// assert_eq!(rates[..4], [0.1, 0.2, 0.30000000000000004, 0.4]);
/// assert_eq!(rates[7], 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct Course {
    schedule: Settings,
    learning_rate: f64,
    warmup: f64,
    epochs: u64,
    per_epoch: u64,
}

impl Course {
    /// The course of a run of so many epochs of so many steps, from its learning rate.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSetting`] for a minimum above the learning rate.
    pub fn new(
        schedule: &Settings,
        warmup: Warmup,
        learning_rate: f64,
        epochs: u64,
        per_epoch: u64,
    ) -> Result<Self> {
        if schedule.value("minimum") > learning_rate {
            let value = schedule.value("minimum").to_string();
            let expected = format!("at most the learning rate, {learning_rate}");
            return Err(ErrorKind::InvalidSetting { option: "minimum", value, expected }.into());
        }
        let per_epoch = per_epoch.max(1);
        let steps = epochs.saturating_mul(per_epoch).max(1) as f64;
        let warmup = warmup.steps(per_epoch).clamp(1.0, steps);
        Ok(Self { schedule: schedule.clone(), learning_rate, warmup, epochs, per_epoch })
    }

    /// The learning rate of a step, from 0, after epochs with these losses.
    ///
    /// The last step of a warm-up has the full rate, and is the schedule's first.
    pub fn rate(&self, step: u64, losses: &[f64]) -> f64 {
        let warm = step as f64 + 1.0;
        let steps = self.epochs.saturating_mul(self.per_epoch) as f64;
        let (position, last, per_epoch) = match self.schedule.member().counts {
            Counts::Steps => {
                ((warm - self.warmup).max(0.0), steps - self.warmup, self.per_epoch as f64)
            }
            Counts::Epochs => {
                ((step / self.per_epoch) as f64, self.epochs.saturating_sub(1) as f64, 1.0)
            }
        };
        let rate = (self.schedule.member().rate)(&Moment {
            learning_rate: self.learning_rate,
            position,
            last: last.max(0.0),
            per_epoch,
            losses,
            settings: &self.schedule,
        });
        if warm < self.warmup { rate * warm / self.warmup } else { rate }
    }
}

impl Moment<'_> {
    /// How far the way to an end is gone, from 0 to 1: an end in epochs, or with 0 the run's.
    fn progress(&self) -> f64 {
        let end = match self.settings.value("epochs") {
            epochs if epochs > 0.0 => epochs * self.per_epoch,
            _ => self.last,
        };
        if self.position < end { self.position / end } else { f64::from(u8::from(end > 0.0)) }
    }
}

/// Every schedule.
pub const SCHEDULES: &[Schedule] = &[
    Schedule {
        name: "constant",
        formula: "lr",
        about: Words {
            english: "The same rate throughout.", korean: "학습률이 끝까지 같다."
        },
        settings: &[],
        counts: Counts::Steps,
        rate: |moment| moment.learning_rate,
        points: [
            Rates { given: &[], losses: &[], rates: &[1.0] },
            Rates { given: &[], losses: &[], rates: &[1.0, 1.0, 1.0] },
        ],
    },
    Schedule {
        name: "cosine",
        formula: "minimum + (lr - minimum)*(1 + cos(pi*n/N))/2",
        about: Words {
            english: "Half a wave down to the minimum, which the last step has: a good choice \
                      where the number of epochs is known. Loshchilov and Hutter, 2017, without \
                      restarts; N is PyTorch's T_max. Counts steps.",
            korean: "코사인 반파장을 따라 최솟값까지 내려가며 마지막 스텝의 학습률이 최솟값이다. \
                     에포크 수를 알 때 쓰기 좋다. Loshchilov and Hutter, 2017(재시작 없음). N은 \
                     PyTorch의 T_max다. 스텝 단위로 센다.",
        },
        settings: &[MINIMUM, EPOCHS],
        counts: Counts::Steps,
        rate: |moment| {
            let minimum = moment.settings.value("minimum");
            minimum + (moment.learning_rate - minimum) * half_wave(moment.progress())
        },
        points: [
            Rates { given: &[], losses: &[], rates: &[1.0, 0.75, 0.25, 0.0] },
            Rates {
                given: &[("minimum", 0.5), ("epochs", 2.0)],
                losses: &[],
                rates: &[1.0, 0.75, 0.5, 0.5],
            },
        ],
    },
    Schedule {
        name: "linear",
        formula: "lr*(start + (end - start)*n/N)",
        about: Words {
            english: "A straight line from one share of the rate to another: down to 0 unless \
                      others are given, where PyTorch's LinearLR rises from 1/3 to 1: that is a \
                      warm-up, which stands apart here. Counts steps.",
            korean: "학습률이 한 비율에서 다른 비율까지 직선으로 변한다. 따로 정하지 않으면 0까지 \
                     내려간다. PyTorch의 LinearLR은 1/3에서 1로 올라가는데, 이는 워밍업이며 \
                     여기서는 따로 있다. 스텝 단위로 센다.",
        },
        settings: &[
            Setting {
                name: "start",
                default: 1.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "The share of the learning rate at the first step.",
                    korean: "첫 스텝의 학습률 비율이다.",
                },
            },
            Setting {
                name: "end",
                default: 0.0,
                range: Range::NotNegative,
                needs: None,
                about: Words {
                    english: "The share of the learning rate at the end.",
                    korean: "마지막 학습률의 비율이다.",
                },
            },
            EPOCHS,
        ],
        counts: Counts::Steps,
        rate: |moment| {
            let [start, end] = ["start", "end"].map(|name| moment.settings.value(name));
            moment.learning_rate * (start + (end - start) * moment.progress())
        },
        points: [
            Rates { given: &[], losses: &[], rates: &[1.0, 0.75, 0.5, 0.25, 0.0] },
            Rates {
                given: &[("start", 0.5), ("end", 1.0), ("epochs", 2.0)],
                losses: &[],
                rates: &[0.5, 0.75, 1.0, 1.0],
            },
        ],
    },
    Schedule {
        name: "one_cycle",
        formula: "lr/divisor → lr → lr/(divisor*final_divisor)",
        about: Words {
            english: "Up to the rate that was asked for and down again, each way along half a \
                      wave: for large rates and few epochs. Smith and Topin, 2018; as in PyTorch, \
                      but the momentum stays, so that it suits every optimizer. Counts steps.",
            korean: "정한 학습률까지 올라갔다가 내려온다. 오르내릴 때 모두 코사인 반파장을 따른다. \
                     큰 학습률로 적은 에포크를 돌 때 쓴다. Smith and Topin, 2018. PyTorch와 \
                     같지만, 어떤 최적화 알고리즘과도 쓸 수 있도록 모멘텀은 바꾸지 않는다. 스텝 \
                     단위로 센다.",
        },
        settings: &[
            Setting {
                name: "rise",
                default: 0.3,
                range: Range::Inside,
                needs: None,
                about: Words {
                    english: "The share of the run in which the rate rises.",
                    korean: "학습률이 올라가는 동안이 전체에서 차지하는 비율이다.",
                },
            },
            Setting {
                name: "divisor",
                default: 25.0,
                range: Range::Positive,
                needs: None,
                about: Words {
                    english: "How many times smaller than the rate it starts.",
                    korean: "정한 학습률의 몇 분의 1에서 시작하는지 정한다.",
                },
            },
            Setting {
                name: "final_divisor",
                default: 1e4,
                range: Range::Positive,
                needs: None,
                about: Words {
                    english: "How many times smaller than the start it ends.",
                    korean: "시작 학습률의 몇 분의 1에서 끝나는지 정한다.",
                },
            },
        ],
        counts: Counts::Steps,
        rate: one_cycle,
        points: [
            Rates {
                given: &[("rise", 0.5), ("divisor", 4.0), ("final_divisor", 4.0)],
                losses: &[],
                rates: &[0.25, 0.625, 1.0, 0.765_625, 0.296_875, 0.0625],
            },
            Rates {
                given: &[("rise", 0.5), ("divisor", 2.0), ("final_divisor", 1.0)],
                losses: &[],
                rates: &[0.5, 1.0, 0.75, 0.5],
            },
        ],
    },
    Schedule {
        name: "step",
        formula: "lr*factor^floor(n/size)",
        about: Words {
            english: "Down by a factor every few epochs, in stairs.",
            korean: "몇 에포크마다 한 번씩 일정한 비율로 내려간다.",
        },
        settings: &[
            Setting {
                name: "size",
                default: 30.0,
                range: Range::Count,
                needs: None,
                about: Words {
                    english: "How many epochs a stair has.",
                    korean: "한 단이 이어지는 에포크 수다.",
                },
            },
            Setting { default: 0.1, ..FACTOR },
        ],
        counts: Counts::Epochs,
        rate: |moment| {
            let [size, factor] = ["size", "factor"].map(|name| moment.settings.value(name));
            moment.learning_rate * libm::pow(factor, (moment.position / size).floor())
        },
        points: [
            Rates {
                given: &[("size", 2.0), ("factor", 0.5)],
                losses: &[],
                rates: &[1.0, 1.0, 0.5, 0.5, 0.25],
            },
            Rates { given: &[("size", 1.0), ("factor", 0.25)], losses: &[], rates: &[1.0, 0.25] },
        ],
    },
    Schedule {
        name: "exponential",
        formula: "lr*factor^n",
        about: Words {
            english: "Down by a factor every epoch.",
            korean: "에포크마다 일정한 비율로 내려간다.",
        },
        settings: &[Setting { default: 0.95, ..FACTOR }],
        counts: Counts::Epochs,
        rate: |moment| {
            moment.learning_rate * libm::pow(moment.settings.value("factor"), moment.position)
        },
        points: [
            Rates { given: &[("factor", 0.5)], losses: &[], rates: &[1.0, 0.5, 0.25, 0.125] },
            Rates { given: &[("factor", 0.75)], losses: &[], rates: &[1.0, 0.75, 0.5625] },
        ],
    },
    Schedule {
        name: "plateau",
        formula: "max(minimum, lr*factor^k)",
        about: Words {
            english: "Down by a factor whenever the validation loss has stopped falling: needs no \
                      number of epochs. As in PyTorch: `patience` epochs without a better loss are \
                      borne, the next one lowers the rate (Keras lowers it with the last of them). \
                      k counts how often that was. Its patience should be smaller than that which \
                      ends training.",
            korean: "검증 손실이 더 줄지 않을 때마다 일정한 비율로 내려간다. 에포크 수를 몰라도 \
                     된다. PyTorch처럼 나아지지 않는 에포크를 `patience`번까지 기다리고 그다음 \
                     에포크에 내린다(Keras는 `patience`번째에 내린다). k는 지금까지 내린 횟수다. \
                     이 patience는 학습을 조기 종료하는 patience보다 작아야 한다.",
        },
        settings: &[
            Setting { default: 0.1, ..FACTOR },
            Setting {
                name: "patience",
                default: 10.0,
                range: Range::Whole,
                needs: None,
                about: Words {
                    english: "Epochs without a better loss that are borne.",
                    korean: "손실이 나아지지 않아도 기다리는 에포크 수다.",
                },
            },
            Setting {
                name: "threshold",
                default: 1e-4,
                range: Range::Fraction,
                needs: None,
                about: Words {
                    english: "By which share of its size a loss must be smaller than the best so \
                              far to be a better one, as in PyTorch (Keras takes a difference).",
                    korean: "PyTorch처럼, 지금까지 가장 작은 손실보다 그 크기의 이 비율을 넘게 \
                             작아야 나아진 것으로 본다. Keras는 비율이 아니라 차이로 본다.",
                },
            },
            Setting {
                name: "cooldown",
                default: 0.0,
                range: Range::Whole,
                needs: None,
                about: Words {
                    english: "Epochs after a fall that are not counted.",
                    korean: "내린 뒤에 세지 않고 지나가는 에포크 수다.",
                },
            },
            MINIMUM,
        ],
        counts: Counts::Epochs,
        rate: plateau,
        points: [
            Rates {
                given: &[("factor", 0.5), ("patience", 1.0)],
                losses: &[3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0],
                rates: &[1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25],
            },
            Rates {
                given: &[("factor", 0.5), ("patience", 0.0), ("cooldown", 1.0), ("minimum", 0.375)],
                losses: &[f64::NAN, 1.0, 1.0, 1.0, 1.0],
                rates: &[1.0, 0.5, 0.5, 0.375, 0.375, 0.375],
            },
        ],
    },
];

const MINIMUM: Setting = Setting {
    name: "minimum",
    default: 0.0,
    range: Range::NotNegative,
    needs: None,
    about: Words {
        english: "The learning rate below which it does not fall.",
        korean: "학습률은 이 값 아래로 내려가지 않는다.",
    },
};

const EPOCHS: Setting = Setting {
    name: "epochs",
    default: 0.0,
    range: Range::NotNegative,
    needs: None,
    about: Words {
        english: "Epochs until the end, where the rate stays; 0 for the whole run.",
        korean: "끝에 이르기까지의 에포크 수다. 그 뒤로는 그대로다. 0이면 학습이 끝날 때까지다.",
    },
};

const FACTOR: Setting = Setting {
    name: "factor",
    default: 0.1,
    range: Range::Inside,
    needs: None,
    about: Words {
        english: "What the rate is multiplied by.", korean: "학습률에 곱하는 값이다."
    },
};

/// From 1 at 0 to 0 at 1, level at both ends.
fn half_wave(progress: f64) -> f64 {
    0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress))
}

fn one_cycle(moment: &Moment<'_>) -> f64 {
    let Moment { learning_rate, position, last, settings, .. } = *moment;
    let start = learning_rate / settings.value("divisor");
    let end = start / settings.value("final_divisor");
    let top = settings.value("rise") * (last + 1.0) - 1.0;
    if last == 0.0 {
        learning_rate
    } else if position <= top {
        learning_rate + (start - learning_rate) * half_wave(position / top)
    } else {
        end + (learning_rate - end) * half_wave((position - top) / (last - top))
    }
}

fn plateau(moment: &Moment<'_>) -> f64 {
    let value = |name| moment.settings.value(name);
    let (mut rate, mut best) = (moment.learning_rate, None);
    let (mut waited, mut cooling) = (0.0, 0.0);
    for &loss in moment.losses {
        waited += 1.0;
        // A loss may be negative: better is lower all the same.
        let enough = |best: f64| loss < best - value("threshold") * best.abs();
        if loss.is_finite() && best.is_none_or(enough) {
            (best, waited) = (Some(loss), 0.0);
        }
        if cooling > 0.0 {
            (cooling, waited) = (cooling - 1.0, 0.0);
        }
        if waited > value("patience") {
            rate = (rate * value("factor")).max(value("minimum"));
            (waited, cooling) = (0.0, value("cooldown"));
        }
    }
    rate
}
