//! `chainrule lr-find`: one short training while the learning rate rises.

use std::time::Instant;

use chainrule::data::Table;
use chainrule::estimator::{Ended, Plan, RateTest, Tried};

use super::folds::Listening;
use super::train::{planned, size};
use crate::args::LrFind;
use crate::failure::Failure;
use crate::files::Destination;
use crate::interrupt::{Ending, Interrupt};
use crate::output::{Align, Object, Output, of, short};
use crate::plot::font::Fonts;
use crate::plot::{draw_rates, svg, terminal};

/// Tries the rates and suggests one.
pub fn run(args: &LrFind, output: &mut Output) -> Result<(), Failure> {
    let started = Instant::now();
    if let Some(flag) = args.refused() {
        let expected = "left out: this is one short training while the rate rises, and writes \
                        no model";
        return Err(Failure::setting(flag, "given", expected));
    }
    let file = match &args.svg {
        Some(path) => Some(Destination::new(path, args.train.force)?),
        None => None,
    };
    let train = &args.train;
    let table = Table::read_files(&train.data, &train.options())?;
    let recipe = train.recipe();
    let schema = recipe.schema(&table, &train.targets(&table))?;
    let plan = Plan::with(&table, schema, None, &recipe)?;
    output.story("data", &size(&table));
    let told = planned(&plan, None)?;
    for (label, text) in told.iter().filter(|(label, _)| *label != "training") {
        output.story(label, text);
    }
    for note in &plan.notes {
        match output.tells() {
            true => output.story("note", &note.to_string()),
            false => output.note(note),
        }
    }
    let settings = &plan.settings;
    let optimizer = settings.optimizer.optimizer().name;
    let batch = of(settings.batch_size.min(plan.rows().0), "row");
    let range = args.range();
    let (from, to) = (round(range.from), round(range.to));
    let text = format!(
        "{} of {optimizer}, {batch} each, with rates from {from} to {to}, seed {}",
        of(range.steps, "step"),
        settings.seed
    );
    output.story("test", &text);
    output.plain("");
    let interrupt = Interrupt::watch(train.stopping.max_time.map(|time| started + time))?;
    let test = plan.find_rate(&table, range, &mut Listening(&interrupt))?;
    if test.ended == Ended::Stopped
        && let Some(failure) = interrupt.asked().and_then(Ending::failure)
    {
        return Err(failure);
    }
    if let (Some(file), Some(view)) = (&file, View::of(&test)) {
        let about = format!("Learning rates of {}", table.file());
        let marks = marks(&test)
            .into_iter()
            .map(|(name, rate)| (libm::log10(rate), format!("{name} {}", round(rate))));
        let marks: Vec<(f64, String)> = marks.collect();
        let scene = draw_rates::rates(about, &view.points, &marks, view.shown, &Fonts::new());
        file.write(svg::svg(&scene, crate::plot::picture::SIZE).as_bytes())?;
    }
    if output.json() {
        output.object(object(&test));
    } else {
        print(&test, output);
        if let Some(file) = &file {
            output.result("plot", file.name());
        }
    }
    Ok(())
}

/// A rate in two digits, which is more than the test can tell.
fn round(rate: f64) -> String {
    let scientific = format!("{rate:.1e}");
    let rounded = scientific.parse().unwrap_or(rate);
    match (1e-4..1e4).contains(&rounded) {
        true => format!("{rounded}"),
        false => scientific.replace(".0e", "e"),
    }
}

/// The rates that are pointed out.
fn marks(test: &RateTest) -> Vec<(&'static str, f64)> {
    let rates = [("suggested", test.suggestion()), ("steepest", test.steepest())];
    rates.into_iter().filter_map(|(name, rate)| Some((name, rate?))).collect()
}

fn ended(test: &RateTest) -> &'static str {
    match test.ended {
        Ended::Tried => "every rate was tried",
        Ended::Rose => "the loss rose to more than 4 times its lowest",
        Ended::Diverged => "the loss or a parameter was no finite number any more",
        Ended::Stopped => "the time was over",
    }
}

fn object(test: &RateTest) -> Object {
    let word = match test.ended {
        Ended::Tried => "tried",
        Ended::Rose => "rose",
        Ended::Diverged => "diverged",
        Ended::Stopped => "stopped",
    };
    let rate = |object: Object, name: &str, rate: Option<f64>| match rate {
        Some(rate) => object.number(name, rate),
        None => object.object(name, None),
    };
    let object = rate(Object::new(), "suggestion", test.suggestion());
    let object = rate(object, "steepest", test.steepest());
    let object = rate(object, "lowest_at", test.lowest().map(|lowest| lowest.rate));
    let object = rate(object, "lowest", test.lowest().map(|lowest| lowest.smoothed));
    let tried = test.tried.iter().map(|tried| [tried.rate, tried.loss, tried.smoothed]);
    object
        .text("ended", word)
        .count("steps", test.tried.len() as u64)
        .texts("columns", &["rate", "loss", "smoothed"])
        .lists("tried", tried)
}

/// What a plot shows of a test.
struct View {
    points: Vec<[f64; 2]>,
    shown: [[f64; 2]; 2],
}

impl View {
    /// The smoothed losses over the logarithm of the rate; none of fewer than two.
    fn of(test: &RateTest) -> Option<Self> {
        let finite = test.tried.iter().filter(|tried| tried.smoothed.is_finite());
        let points: Vec<[f64; 2]> =
            finite.map(|tried| [libm::log10(tried.rate), tried.smoothed]).collect();
        let [first, .., last] = points[..] else { return None };
        let losses = || points.iter().map(|point| point[1]);
        let (low, high) = (losses().fold(first[1], f64::min), losses().fold(first[1], f64::max));
        // What matters lies between the start and the lowest, not in the rise at the end.
        let high = high.min(first[1] + (first[1] - low).max(0.1 * first[1].abs()));
        let room = 0.05 * (high - low).max(f64::MIN_POSITIVE);
        Some(Self { shown: [[first[0], last[0]], [low - room, high + room]], points })
    }
}

fn print(test: &RateTest, output: &mut Output) {
    if let Some(view) = View::of(test) {
        let mut canvas = terminal::Canvas::new(64, 14, view.shown);
        canvas.line(&view.points, 0, false);
        for (_, rate) in marks(test) {
            let at = libm::log10(rate);
            let point =
                view.points.iter().min_by(|a, b| (a[0] - at).abs().total_cmp(&(b[0] - at).abs()));
            if let Some(point) = point {
                canvas.letter(*point, '●', 1);
            }
        }
        output.line("smoothed loss");
        canvas
            .lines(console::colors_enabled())
            .iter()
            .for_each(|line| output.text(&format!("{line}\n")));
        output.line(&format!("{:>78}", "log10 of the learning rate"));
        output.line("");
    }
    let mut rows = vec![["rate", "loss", "smoothed"].map(str::to_owned).to_vec()];
    // Half a tenfold apart.
    let mut next = f64::NEG_INFINITY;
    for Tried { rate, loss, smoothed } in &test.tried {
        let at = libm::log10(*rate);
        if at >= next - 1e-9 {
            next = at + 0.5;
            rows.push(vec![round(*rate), short(*loss), short(*smoothed)]);
        }
    }
    output.table(&rows, &[Align::Left, Align::Point, Align::Point]);
    output.line("");
    output.result("end", &format!("after {}: {}", of(test.tried.len(), "step"), ended(test)));
    match (test.lowest(), test.steepest(), test.suggestion()) {
        (Some(lowest), Some(steepest), Some(suggestion)) => {
            let text = format!("{} at rate {}", short(lowest.smoothed), round(lowest.rate));
            output.result("lowest", &text);
            output.result("steepest", &format!("at rate {}", round(steepest)));
            let text = format!(
                "--learning-rate {}, a tenth of the rate with the lowest smoothed loss",
                round(suggestion)
            );
            output.result("suggested", &text);
        }
        _ => output.result(
            "suggested",
            "none: the loss never fell; more --steps, another optimizer or another range may help",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_two_digits() {
        for (rate, text) in
            [(0.012345, "0.012"), (1e-7, "1e-7"), (3.456e-6, "3.5e-6"), (10.0, "10"), (0.1, "0.1")]
        {
            assert_eq!(round(rate), text);
        }
    }
}
