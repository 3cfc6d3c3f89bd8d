//! The story of a training while it runs: a bar on a terminal, lines at doubling intervals, or
//! JSON; and the ear for Ctrl-C, SIGTERM and the end of the time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use chainrule::engine::KernelTime;
use chainrule::metrics::Measured;
use chainrule::train::{Callback, Epoch};
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt::{Ending, Interrupt};
use crate::output::{Object, Output, short, whole_seconds};

/// What takes part in a training to tell of it.
pub struct Progress<'a> {
    output: &'a mut Output,
    interrupt: &'a Interrupt,
    epochs: usize,
    steps: u64,
    started: Instant,
    /// The steps that were taken before it was started.
    before: Option<u64>,
    bar: Option<ProgressBar>,
    drawn: Instant,
    /// The epoch that runs: its number, and the sum and count of its steps' losses so far.
    running: (usize, f64, u64),
    /// The loss of the last finished epoch, and what the bar says of its validation.
    finished: Option<f64>,
    validation: String,
    /// Whether the columns of the epochs have been named.
    titled: bool,
    ending: Option<Ending>,
    /// Whether the kernels are timed, and how many steps they ran and how long, at the end.
    profiles: bool,
    profile: (u64, Vec<KernelTime>),
    /// When the first step and the last one ended, if they are timed, and how long it took from
    /// there to the ends of the epochs.
    first_step: Option<Instant>,
    last_step: Option<Instant>,
    evaluated: Duration,
}

/// How often the bar moves: often enough to look alive, seldom enough to cost nothing.
const FRAME: Duration = Duration::from_millis(50);

/// The width of the message beside the bar.
const MESSAGE: usize = 68;

/// Steps whose mean loss says more than noise.
const ENOUGH: u64 = 50;

/// The width of a column of numbers.
const COLUMN: usize = 12;

impl<'a> Progress<'a> {
    /// Starts to tell of a training of at most so many epochs of so many steps.
    pub fn new(
        output: &'a mut Output,
        interrupt: &'a Interrupt,
        epochs: usize,
        steps_per_epoch: usize,
    ) -> Self {
        let steps = epochs as u64 * steps_per_epoch as u64;
        let bar = output.on_terminal().then(|| {
            let (_, columns) = Term::stderr().size();
            let width = usize::from(columns).saturating_sub(MESSAGE).clamp(6, 24);
            let style = ProgressStyle::with_template(&format!("{{bar:{width}}} {{wide_msg}}"));
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(steps).with_style(style.progress_chars("━╾─"))
        });
        let now = Instant::now();
        Self {
            output,
            interrupt,
            epochs,
            steps,
            started: now,
            before: None,
            bar,
            drawn: now,
            running: (1, 0.0, 0),
            finished: None,
            validation: String::new(),
            titled: false,
            ending: None,
            profiles: false,
            profile: (0, Vec::new()),
            first_step: None,
            last_step: None,
            evaluated: Duration::ZERO,
        }
    }

    /// Goes on after so many finished epochs.
    pub fn after(self, epochs: usize) -> Self {
        Self { running: (epochs + 1, 0.0, 0), ..self }
    }

    /// What has ended the training, if something did.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Tells of something that is no error, without disturbing the bar.
    pub fn note(&mut self, note: &str) {
        let output = &mut *self.output;
        match &self.bar {
            Some(bar) => bar.suspend(|| output.note(&note)),
            None => output.note(&note),
        }
    }

    /// An epoch as a line of JSON; the seconds are those since training began.
    pub fn event(&self, epoch: &Epoch) -> Object {
        event(epoch, self.started.elapsed().as_secs_f64())
    }

    /// Lets the kernels be timed.
    pub fn profiling(self, profiles: bool) -> Self {
        Self { profiles, ..self }
    }

    /// When the first step ended, if it was timed, and how long the evaluation of epochs took.
    pub fn times(&self) -> (Option<Instant>, Duration) {
        (self.first_step, self.evaluated)
    }

    /// Takes the bar away. Returns the number of steps that were timed, and the time in each
    /// kernel.
    pub fn finish(self) -> (u64, Vec<KernelTime>) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.profile
    }

    fn draw(&mut self, step: u64) {
        let Some(bar) = &self.bar else { return };
        if step > 1 && self.drawn.elapsed() < FRAME {
            return;
        }
        self.drawn = Instant::now();
        let (epoch, sum, count) = self.running;
        let done = step.saturating_sub(self.before.unwrap_or(0)).max(1);
        let left = (self.steps.saturating_sub(step)) as f64 / done as f64;
        let left = whole_seconds(left * self.started.elapsed().as_secs_f64());
        let loss = match self.finished {
            Some(loss) if count < ENOUGH => loss,
            _ => sum / count as f64,
        };
        let (loss, epochs, validation) = (short(loss), self.epochs, &self.validation);
        bar.set_position(step);
        bar.set_message(format!("epoch {epoch}/{epochs}  loss {loss}{validation}  ≤ {left} left"));
    }

    /// Writes a line without disturbing the bar.
    fn line(&mut self, line: &str) {
        let output = &mut *self.output;
        match &self.bar {
            Some(bar) => bar.suspend(|| output.plain(line)),
            None => output.plain(line),
        }
    }

    fn told(&mut self, epoch: &Epoch) {
        let headline = headline(&epoch.metrics);
        if !std::mem::replace(&mut self.titled, true) {
            let mut names = vec!["loss"];
            names.extend(epoch.validation_loss.map(|_| "validation"));
            names.extend(headline.map(|(name, _)| name));
            self.line(&columns("epoch", &names));
        }
        if epoch.number.is_power_of_two() {
            let values = [Some(epoch.training_loss), epoch.validation_loss];
            let values = values.into_iter().chain([headline.map(|(_, value)| value)]);
            let values: Vec<String> = values.flatten().map(short).collect();
            self.line(&columns(&epoch.number.to_string(), &values));
        }
        self.finished = Some(epoch.training_loss);
        self.validation = match (epoch.validation_loss, headline) {
            (Some(_), Some((name, value))) => format!("  validation {name} {}", short(value)),
            (Some(loss), None) => format!("  validation {}", short(loss)),
            (None, _) => String::new(),
        };
    }
}

impl Callback for Progress<'_> {
    fn step(&mut self, step: u64, loss: f64) -> ControlFlow<()> {
        self.running.1 += loss;
        self.running.2 += 1;
        self.before.get_or_insert(step.saturating_sub(1));
        if self.profiles {
            self.last_step = Some(Instant::now());
            self.first_step = self.first_step.or(self.last_step);
        }
        self.draw(step);
        let Some(ending) = self.interrupt.asked() else { return ControlFlow::Continue(()) };
        if self.ending.replace(ending).is_none() {
            let name = ending.name();
            let once_more = match ending {
                Ending::Interrupt | Ending::Terminate => "; once more ends at once",
                Ending::Time => "",
            };
            self.line(&format!("{name}: ending with the best epoch so far{once_more}"));
        }
        ControlFlow::Break(())
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        self.running = (epoch.number + 1, 0.0, 0);
        self.evaluated += self.last_step.take().map_or(Duration::ZERO, |last| last.elapsed());
        if self.output.json() {
            let event = self.event(epoch);
            self.output.object(event);
        } else if self.output.tells() {
            self.told(epoch);
        }
        ControlFlow::Continue(())
    }

    fn profiles(&self) -> bool {
        self.profiles
    }

    fn profile(&mut self, steps: u64, times: &[KernelTime]) {
        self.profile = (steps, times.to_vec());
    }
}

/// An epoch as a line of JSON; the seconds are those since training began.
fn event(epoch: &Epoch, seconds: f64) -> Object {
    let validation = epoch
        .validation_loss
        .map(|loss| Object::new().number("loss", loss).numbers(&epoch.metrics));
    Object::new()
        .text("event", "epoch")
        .count("epoch", epoch.number as u64)
        .object("train", Some(Object::new().number("loss", epoch.training_loss)))
        .object("validation", validation)
        .number("learning_rate", epoch.learning_rate)
        .truth("best", epoch.best)
        .number("seconds", seconds)
}

/// The one metric that says most to a person.
fn headline(metrics: &[Measured]) -> Option<(&str, f64)> {
    let find = |wanted: &str| metrics.iter().find(|(name, _)| *name == wanted);
    let found = ["accuracy", "rmse"].into_iter().find_map(find).or(metrics.first());
    found.map(|(name, value)| (name.as_ref(), *value))
}

/// A line of the list of epochs, its columns under those of the story.
fn columns<S: AsRef<str>>(first: &str, others: &[S]) -> String {
    let mut line = format!("{first:<COLUMN$}");
    for other in others {
        line.push_str(&format!("{:<COLUMN$}", other.as_ref()));
    }
    line.trim_end().to_owned()
}
