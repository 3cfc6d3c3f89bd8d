//! `chainrule plot`: curves and contours of formulas, as a picture or in the terminal.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use chainrule::ErrorKind;
use chainrule::calculus::Point;
use chainrule::error::nearest;

use crate::args::Plot;
use crate::failure::Failure;
use crate::files::Destination;
use crate::output::{Output, bytes, short};
use crate::plot::curve::{Curves, Request};
use crate::plot::field::Field;
use crate::plot::font::Fonts;
use crate::plot::function::Function;
use crate::plot::label::Label;
use crate::plot::picture::{self, Content, SIZE, picture};
use crate::plot::typeset::text;
use crate::plot::walk::{Walk, Walker};
use crate::plot::{draw_contours, draw_curves, raster, report, svg, terminal};

/// The most steps of a path: each is kept.
const STEPS: usize = 1_000_000;

/// Plots functions.
pub fn run(args: &Plot, output: &mut Output) -> Result<(), Failure> {
    let file = args.output.as_deref().map(|path| File::new(path, args.force)).transpose()?;
    let axes = Axes::new(args)?;
    for function in &args.functions {
        axes.say_where_a_loss_is_seen(function, output);
    }
    let walks = walks(args, &axes)?;
    match &axes.by[..] {
        [by] => curves(args, by, &axes, &walks, file.as_ref(), output),
        [x, y] => contours(args, [x, y], &axes, &walks, file.as_ref(), output),
        _ => Ok(()),
    }
}

/// A picture's file, and which it is.
struct File {
    destination: Destination,
    is_png: bool,
}

impl File {
    fn new(path: &Path, force: bool) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let is_png = match ending.as_deref() {
            Some("svg") => false,
            Some("png") => true,
            _ => {
                let name = path.display().to_string();
                return Err(Failure::setting("--output", &name, "a file .svg or .png"));
            }
        };
        Ok(Self { destination: Destination::new(path, force)?, is_png })
    }

    /// The size in pixels that is asked for, or what suits.
    fn size(&self, args: &Plot, content: &Content<'_>) -> Result<[usize; 2], Failure> {
        let width = args.width.unwrap_or(if self.is_png { 2 * SIZE[0] } else { SIZE[0] });
        let height = args.height.unwrap_or_else(|| picture::height(width, content));
        for (option, size) in [("--width", width), ("--height", height)] {
            if !(100..=10_000).contains(&size) {
                return Err(Failure::setting(option, &size.to_string(), "from 100 to 10000"));
            }
        }
        Ok([width, height])
    }

    /// Draws and writes the picture.
    fn write(
        &self,
        args: &Plot,
        content: &Content<'_>,
        about: String,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let size = self.size(args, content)?;
        let fonts = Fonts::new();
        let scene = picture(content, args.title.as_deref(), about, &fonts, size);
        let written = match self.is_png {
            true => {
                let missing = picture::missing(&scene, &fonts);
                if !missing.is_empty() {
                    let note = format!("the fonts of PNG lack {missing}; an SVG has every letter");
                    output.note(&note);
                }
                let picture = raster::png(&scene, &fonts, size);
                picture.ok_or_else(|| self.destination.failed(io::ErrorKind::OutOfMemory.into()))?
            }
            false => svg::svg(&scene, size).into_bytes(),
        };
        self.destination.write(&written)?;
        if !output.json() {
            let name = self.destination.name();
            let [width, height] = size;
            let line = format!("{name}, {width} × {height}, {}", bytes(written.len()));
            output.result("plot", &line);
        }
        Ok(())
    }
}

/// Which variables have an axis, and the values of the others.
struct Axes {
    by: Vec<String>,
    given: Vec<(String, f64)>,
}

impl Axes {
    fn new(args: &Plot) -> Result<Self, Failure> {
        let functions = &args.functions;
        let all: BTreeSet<&str> = functions
            .iter()
            .flat_map(|function| function.variables.iter().map(String::as_str))
            .collect();
        let mut by: Vec<String> = args.by.iter().map(|name| name.trim().to_owned()).collect();
        let mut given: Vec<(String, f64)> = Vec::new();
        let point = Point::parse(&args.at)?;
        for name in point.names() {
            let value = point.value(name).unwrap_or(f64::NAN);
            known(name, &all)?;
            if by.iter().any(|own| own == name) {
                let expected = "for other variables than that of the axis";
                return Err(Failure::setting("--at", &format!("{name}={value}"), expected));
            }
            given.push((name.to_owned(), value));
        }
        let is_given =
            |given: &[(String, f64)], name: &str| given.iter().any(|(own, _)| own == name);
        for &(name, value) in functions.iter().flat_map(|function| &function.defaults) {
            if !is_given(&given, name) && !by.iter().any(|own| own == name) {
                given.push((name.to_owned(), value));
            }
        }
        let free: Vec<&str> = all.iter().copied().filter(|name| !is_given(&given, name)).collect();
        if by.is_empty() {
            by = free.iter().map(|&name| name.to_owned()).collect();
            if by.is_empty() {
                by.push("x".to_owned());
            }
        }
        for name in &by {
            if !free.is_empty() {
                known(name, &all)?;
            }
        }
        let of_curves = args.derivative || !args.tangent.is_empty() || functions.len() > 1;
        let most = if of_curves { 1 } else { 2 };
        let open: Vec<&str> =
            free.into_iter().filter(|name| !by.iter().any(|own| own == name)).collect();
        if by.len() > most || !open.is_empty() {
            let missing = if open.is_empty() { by.join(" and ") } else { open.join(" and ") };
            return Err(needs_values(&missing, &open, &by, most, functions.len()));
        }
        Ok(Self { by, given })
    }

    /// Says where a loss is seen, if the user did not say it.
    fn say_where_a_loss_is_seen(&self, function: &Function, output: &mut Output) {
        let Some(name) = function.loss else { return };
        for &(variable, value) in &function.defaults {
            let is_own = self.given.contains(&(variable.to_owned(), value));
            if is_own && !self.by.iter().any(|own| own == variable) {
                let of = match function.variables.iter().any(|own| own == "r") {
                    true => "of the residual r = p - y",
                    false => "of its output z",
                };
                let note = format!("{name} is a function {of}, here at {variable} = {value}");
                output.note(&format!("{note}; --at {variable}=… shows it elsewhere"));
            }
        }
    }
}

/// Says which variables lack a value.
fn needs_values(
    missing: &str,
    open: &[&str],
    by: &[String],
    most: usize,
    functions: usize,
) -> Failure {
    let example: Vec<String> = match open {
        [] => by.iter().skip(1).map(|name| format!("{name}=1")).collect(),
        _ => open.iter().map(|name| format!("{name}=1")).collect(),
    };
    let example = example.join(",");
    let expected = match (most, functions) {
        (2, _) => {
            format!("given for every variable but one (a curve) or two (contours): --at {example}")
        }
        (_, 1) => format!("given for every variable but one: --at {example}"),
        _ => format!("given for every variable but one, the same in every formula: --at {example}"),
    };
    Failure::setting("--at", &format!("missing for {missing}"), &expected)
}

/// A variable of one of the formulas.
fn known(name: &str, all: &BTreeSet<&str>) -> Result<(), Failure> {
    if all.contains(name) {
        return Ok(());
    }
    Err(ErrorKind::UnknownName {
        family: "variable",
        name: name.to_owned(),
        nearest: nearest(name, all.iter().copied()).map(str::to_owned),
        available: all.iter().map(|&name| name.to_owned()).collect(),
    }
    .into())
}

/// The two ends of an axis.
fn window(
    [from, to]: [Option<f64>; 2],
    default: f64,
    [from_option, to_option]: [&'static str; 2],
) -> Result<[f64; 2], Failure> {
    // One end given far out moves the other.
    let shown = match (from, to) {
        (Some(from), None) if from >= default => [from, from + 2.0 * default],
        (None, Some(to)) if to <= -default => [to - 2.0 * default, to],
        _ => [from.unwrap_or(-default), to.unwrap_or(default)],
    };
    if shown[0] < shown[1] && (shown[1] - shown[0]).is_finite() {
        return Ok(shown);
    }
    let [from, to] = shown.map(|end| format!("{end:?}").trim_end_matches(".0").to_owned());
    let expected = match shown[0] < shown[1] {
        true => format!("nearer to {from_option}, which is {from}"),
        false => format!("above {from_option}, which is {from}"),
    };
    Err(Failure::setting(to_option, &to, &expected))
}

/// The paths that are asked for.
fn walks(args: &Plot, axes: &Axes) -> Result<Vec<Walk>, Failure> {
    let Some(function) = args.functions.first().filter(|_| !args.descend.is_empty()) else {
        return Ok(Vec::new());
    };
    if args.functions.len() > 1 {
        let value = format!("asked for with {} formulas", args.functions.len());
        return Err(Failure::setting("--descend", &value, "on one formula"));
    }
    if args.start.len() != axes.by.len() {
        let start: Vec<String> = args.start.iter().map(f64::to_string).collect();
        let expected = format!("a number for each of {}", axes.by.join(", "));
        return Err(Failure::setting("--start", &start.join(","), &expected));
    }
    if args.steps > STEPS {
        let expected = format!("at most {STEPS}");
        return Err(Failure::setting("--steps", &args.steps.to_string(), &expected));
    }
    let rates = &args.learning_rate;
    if rates.len() > 1 && rates.len() != args.descend.len() {
        let value: Vec<String> = rates.iter().map(f64::to_string).collect();
        let expected = format!("one number, or {}, one for each optimizer", args.descend.len());
        return Err(Failure::setting("--learning-rate", &value.join(","), &expected));
    }
    let by: Vec<&str> = axes.by.iter().map(String::as_str).collect();
    let walk = |(number, optimizer): (usize, &chainrule::optimizers::Settings)| {
        let own = optimizer.optimizer().default_learning_rate;
        let learning_rate = rates.get(number).or(rates.first()).copied().unwrap_or(own);
        let (optimizer, start, steps) = (optimizer.clone(), &args.start[..], args.steps);
        Walker { optimizer, learning_rate, start, steps }.walk(function, &by, &axes.given)
    };
    Ok(args.descend.iter().enumerate().map(walk).collect::<Result<_, _>>()?)
}

/// Says which paths diverge or leave what is shown.
fn tell_of_walks(walks: &[Walk], shown: [[f64; 2]; 2], output: &mut Output) {
    for walk in walks {
        let outside = |place: &Vec<f64>| {
            place.iter().zip(shown).any(|(at, [from, to])| !(from..=to).contains(at))
        };
        let name = walk.optimizer.as_str();
        if walk.diverged {
            let step = walk.places.len();
            output.note(&format!(
                "{name} diverges: step {step} is beyond all numbers; a smaller --learning-rate helps"
            ));
        } else if let Some(step) = walk.places.iter().position(outside) {
            output.note(&format!(
                "{name} is outside the window at step {step}; --from, --to, --y-from and --y-to widen it"
            ));
        }
    }
}

fn curves(
    args: &Plot,
    by: &str,
    axes: &Axes,
    walks: &[Walk],
    file: Option<&File>,
    output: &mut Output,
) -> Result<(), Failure> {
    let shown = window([args.from, args.to], 6.0, ["--from", "--to"])?;
    if let (Some(from), Some(to)) = (args.y_from, args.y_to) {
        window([Some(from), Some(to)], 1.0, ["--y-from", "--y-to"])?;
    }
    let request = Request {
        by,
        given: &axes.given,
        shown,
        heights: [args.y_from, args.y_to],
        derivative: args.derivative,
        tangents: &args.tangent,
        named: !walks.is_empty(),
        apart: args.panels,
        single: args.f32,
        places: SIZE[1] as f64,
    };
    let curves = Curves::new(&args.functions, &request)?;
    if curves.is_empty() {
        let texts: Vec<&str> =
            args.functions.iter().map(|function| function.text.as_str()).collect();
        let expected = format!(
            "defined somewhere from {by} = {} to {}; choose other --from and --to",
            shown[0], shown[1]
        );
        return Err(Failure::setting("the formula", &texts.join(", "), &expected));
    }
    if let Some(tangent) = curves
        .tangents
        .iter()
        .find(|tangent| !(tangent.at[1].is_finite() && tangent.slope.is_finite()))
    {
        let value = tangent.at[0].to_string();
        return Err(Failure::setting("--tangent", &value, "where the function has a slope"));
    }
    tell_of_walks(walks, [shown, curves.all_heights()], output);
    let labels = Label::of_functions(&args.functions, &request);
    let names: Vec<String> = curves.curves.iter().map(|curve| curve.label.text()).collect();
    if let Some(file) = file {
        let content = Content::Curves(draw_curves::Shown {
            curves: &curves,
            labels: &labels,
            by,
            across: shown,
            walks,
            panels: args.panels,
        });
        file.write(args, &content, names.join("; "), output)?;
    }
    if output.json() {
        let name = file.map(|file| file.destination.name());
        output.object(report::curves(name, by, shown, &curves, walks));
        return Ok(());
    }
    if file.is_none() {
        let [columns, rows] = letters(args);
        let mut canvas = terminal::Canvas::new(columns, rows, [shown, curves.all_heights()]);
        for curve in curves.curves.iter().rev() {
            canvas.curve(&curve.points, curve.function, curve.is_derivative);
        }
        for tangent in &curves.tangents {
            let ends = shown.map(|x| [x, tangent.value(x)]);
            canvas.line(&ends, tangent.function + 1, true);
            canvas.letter(tangent.at, '●', tangent.function + 1);
        }
        for (number, walk) in walks.iter().enumerate() {
            for place in &walk.places {
                if let [x, y] = place[..] {
                    canvas.letter([x, y], 'o', number + 1);
                }
            }
        }
        let colored = console::colors_enabled();
        print(args, &canvas.lines(colored), output);
        for (curve, name) in curves.curves.iter().zip(&names) {
            let sample = terminal::sample(curve.function, curve.is_derivative, colored);
            output.text(&format!("{sample} {}\n", crate::output::visible(name)));
        }
    }
    for tangent in &curves.tangents {
        let line = text(&draw_curves::line_of(tangent, by));
        output.result("tangent", line.strip_prefix("tangent ").unwrap_or(&line));
    }
    for walk in walks {
        output.result("path", &walk.describe());
    }
    Ok(())
}

fn contours(
    args: &Plot,
    by: [&String; 2],
    axes: &Axes,
    walks: &[Walk],
    file: Option<&File>,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(function) = args.functions.first() else { return Ok(()) };
    let by = by.map(String::as_str);
    let across = window([args.from, args.to], 3.0, ["--from", "--to"])?;
    let (from, to) = (args.y_from.or(args.from), args.y_to.or(args.to));
    let shown = [across, window([from, to], 3.0, ["--y-from", "--y-to"])?];
    let counts = if file.is_some() { [601, 601] } else { [161, 161] };
    let field = Field::new(function, by, &axes.given, shown, counts, args.f32)?;
    let levels = field.levels();
    let Some(extremes) = field.extremes() else {
        let expected =
            "defined somewhere in the window; choose other --from, --to, --y-from, --y-to";
        return Err(Failure::setting("the formula", &function.text, expected));
    };
    if levels.values.is_empty() {
        let value = format!("{}, which is {} everywhere", function.text, short(extremes[0][2]));
        return Err(Failure::setting("the formula", &value, "of more than one value"));
    }
    tell_of_walks(walks, shown, output);
    let label = Label::of_contours(function, by, &axes.given);
    if let Some(file) = file {
        let content = Content::Contours(draw_contours::Shown {
            by,
            window: shown,
            field: &field,
            levels: &levels,
            walks,
            label: label.runs(),
        });
        file.write(args, &content, label.text(), output)?;
    }
    if output.json() {
        let name = file.map(|file| file.destination.name());
        output.object(report::contours(name, by, shown, function, &field, &levels, walks));
        return Ok(());
    }
    if file.is_none() {
        let [columns, rows] = letters(args);
        let mut canvas = terminal::Canvas::new(columns, rows, shown);
        terminal::contours(&mut canvas, &field, &levels);
        for (number, walk) in walks.iter().enumerate() {
            let mark = ['o', '*', '+', '#'][number % 4];
            for place in &walk.places {
                if let [x, y, _] = place[..] {
                    canvas.letter([x, y], mark, number + 1);
                }
            }
        }
        print(args, &canvas.lines(console::colors_enabled()), output);
        output.result("contours", &label.text());
        let values: Vec<String> = levels.values.iter().map(f64::to_string).collect();
        output.result("levels", &values.join(", "));
    }
    let [[x, y, least], _] = extremes;
    let lowest = format!("{} at {} = {}, {} = {}", short(least), by[0], short(x), by[1], short(y));
    output.result("lowest", &lowest);
    for walk in walks {
        output.result("path", &walk.describe());
    }
    Ok(())
}

/// The columns and the lines of a plot in the terminal, without the numbers at its axes.
fn letters(args: &Plot) -> [usize; 2] {
    const NUMBERS: [usize; 2] = [10, 8];
    let size = console::Term::stdout().size_checked();
    let (rows, columns) = size.map_or((30, 80), |(rows, columns)| (rows.into(), columns.into()));
    let fitting = |asked: Option<usize>, there: usize, beside: usize, most: usize| {
        let space = there.saturating_sub(beside).min(most);
        asked.map_or(space, |asked| asked.saturating_sub(beside)).clamp(8, 400)
    };
    let columns = fitting(args.width, columns, NUMBERS[0], 100);
    // A letter is about twice as high as it is wide.
    let rows = fitting(args.height, rows.min(columns / 3 + NUMBERS[1]), NUMBERS[1], 30);
    [columns, rows]
}

fn print(args: &Plot, lines: &[String], output: &mut Output) {
    if let Some(title) = &args.title {
        output.line(title);
        output.line("");
    }
    for line in lines {
        output.text(&format!("{line}\n"));
    }
    output.line("");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_of_an_axis_moves_the_other() {
        let names = ["--from", "--to"];
        assert_eq!(window([None, None], 6.0, names).unwrap(), [-6.0, 6.0]);
        assert_eq!(window([Some(0.0), None], 6.0, names).unwrap(), [0.0, 6.0]);
        assert_eq!(window([Some(10.0), None], 6.0, names).unwrap(), [10.0, 22.0]);
        assert_eq!(window([None, Some(-10.0)], 6.0, names).unwrap(), [-22.0, -10.0]);
        for wrong in [[3.0, 3.0], [3.0, 2.0], [f64::MIN, f64::MAX]] {
            assert!(window(wrong.map(Some), 6.0, names).is_err(), "{wrong:?}");
        }
    }
}
