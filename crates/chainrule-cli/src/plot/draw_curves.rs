//! The picture of curves: in one plot, or each function in a plot of its own.

use super::chart::{Chart, NUMBERS, TEXT};
use super::curve::{Curve, Curves, Tangent};
use super::font::Fonts;
use super::label::Label;
use super::legend::{Entry, Legend, Sign, ends};
use super::sample::pieces;
use super::scale::rounded;
use super::scene::{Anchor, Area, BLACK, Point, Scene, Stroke, Text, WHITE, thinned};
use super::style;
use super::typeset::{Run, number, plain, variable};
use super::walk::Walk;

/// How far a drawn line may be from the curve.
const THINNED: f64 = 0.06;

/// What a picture of curves shows.
pub struct Shown<'a> {
    pub curves: &'a Curves,
    pub labels: &'a [Label],
    pub by: &'a str,
    pub across: [f64; 2],
    pub walks: &'a [Walk],
    /// Whether each function has a plot of its own.
    pub panels: bool,
}

/// Draws curves within an area.
pub fn draw(scene: &mut Scene, fonts: &Fonts, area: Area, shown: &Shown<'_>) {
    let functions = shown.labels.len();
    if !shown.panels || functions < 2 {
        let all: Vec<usize> = (0..functions).collect();
        return panel(scene, fonts, area, shown, &all);
    }
    let columns = columns(functions);
    let rows = functions.div_ceil(columns);
    for function in 0..functions {
        let (row, column) = (function / columns, function % columns);
        let [width, height] = [area.width() / columns as f64, area.height() / rows as f64];
        let (left, top) = (area.left + column as f64 * width, area.top + row as f64 * height);
        let part = Area { left, top, right: left + width, bottom: top + height };
        panel(scene, fonts, part, shown, &[function]);
    }
}

/// Plots side by side: as many as below one another, or one more.
pub fn columns(functions: usize) -> usize {
    (1..=functions).find(|columns| columns * columns >= functions).unwrap_or(1)
}

/// Draws some of the functions in one plot.
fn panel(scene: &mut Scene, fonts: &Fonts, area: Area, shown: &Shown<'_>, functions: &[usize]) {
    let curves: Vec<&Curve> =
        shown.curves.curves.iter().filter(|curve| functions.contains(&curve.function)).collect();
    let tangents: Vec<&Tangent> =
        shown.curves.tangents.iter().filter(|one| functions.contains(&one.function)).collect();
    let walks = if functions.contains(&0) { shown.walks } else { &[] };
    let entries = entries(shown, functions, &curves, &tangents, walks);
    let legend = Legend::new(&entries, fonts);
    let window = [shown.across, shown.curves.heights(functions)];

    // The legend is within the plot if there is room for it, else above a lower plot. Of plots
    // side by side it is above each, so that all are of one size.
    let mut chart = Chart::new(fonts, area, window);
    let mut lines = lines(&chart, &curves, &tangents);
    let is_one_of_several = functions.len() < shown.labels.len();
    let within = (!is_one_of_several)
        .then(|| legend.place(chart.area, chart.origin(), &lines.concat()))
        .flatten();
    if within.is_none() {
        let space = if is_one_of_several { 0.0 } else { area.width() - 20.0 };
        let height = legend.height_above(space);
        chart = Chart::new(fonts, Area { top: area.top + height, ..area }, window);
        lines = self::lines(&chart, &curves, &tangents);
        legend.draw_above(scene, area.left + 12.0, area.top, space);
    }
    let name = if shown.by == "y" { plain("") } else { variable("y") };
    chart.draw_axes(scene, [&variable(shown.by), &name]);
    let (of_curves, of_tangents) = lines.split_at(curves.len());
    // Derivatives below, so that a function is never hidden by its own.
    let order = |is_derivative: bool| {
        curves.iter().zip(of_curves).filter(move |(curve, _)| curve.is_derivative == is_derivative)
    };
    for (curve, lines) in order(true).chain(order(false)) {
        scene.lines(lines.clone(), stroke(curve, functions));
    }
    for line in of_tangents {
        scene.lines(line.clone(), style::TANGENT);
    }
    if let Some(place) = within {
        legend.draw_in(scene, place);
    }
    let mut taken: Vec<Area> = within.into_iter().collect();
    for tangent in tangents {
        let place = chart.place(tangent.at);
        if chart.area.holds(place) {
            let color = style::hue(tangent.function);
            scene.circle(place, 4.2, color, Some(Stroke::solid(WHITE, 1.2)));
            slope(scene, fonts, &chart, &lines.concat(), tangent, &mut taken);
        }
    }
    for (number, walk) in walks.iter().enumerate() {
        draw_walk(scene, &chart, walk, number);
    }
}

/// The lines of each curve, then of each tangent, as they stand in the picture.
fn lines(chart: &Chart, curves: &[&Curve], tangents: &[&Tangent]) -> Vec<Vec<Vec<Point>>> {
    let thin = |line: Vec<Point>| thinned(&line, THINNED);
    let of_curve = |curve: &&Curve| {
        let lines = pieces(&curve.points).into_iter().flat_map(|piece| chart.lines(piece));
        lines.map(thin).collect()
    };
    let of_tangent = |tangent: &&Tangent| {
        let ends = [chart.x.from, chart.x.to].map(|x| [x, tangent.value(x)]);
        if tangent.slope.is_finite() { chart.lines(&ends) } else { Vec::new() }
    };
    curves.iter().map(of_curve).chain(tangents.iter().map(of_tangent)).collect()
}

/// The line of a curve among those of some functions.
fn stroke(curve: &Curve, functions: &[usize]) -> Stroke {
    let place = functions.iter().position(|&function| function == curve.function);
    style::curve(curve.function, place.unwrap_or(0), curve.is_derivative)
}

fn entries(
    shown: &Shown<'_>,
    functions: &[usize],
    curves: &[&Curve],
    tangents: &[&Tangent],
    walks: &[Walk],
) -> Vec<Entry> {
    let of_curve = |curve: &&Curve| Entry {
        sign: Sign::Line(stroke(curve, functions)),
        runs: curve.label.runs(),
    };
    let of_tangent = |tangent: &&Tangent| Entry {
        sign: Sign::Line(style::TANGENT),
        runs: line_of(tangent, shown.by),
    };
    let of_walk = |(number, walk): (usize, &Walk)| Entry {
        sign: Sign::Steps(style::path(number)),
        runs: walk.label(),
    };
    (curves.iter().map(of_curve))
        .chain(tangents.iter().map(of_tangent))
        .chain(walks.iter().enumerate().map(of_walk))
        .collect()
}

/// `tangent at x = 2: y = 4x − 4`.
pub fn line_of(tangent: &Tangent, by: &str) -> Vec<Run> {
    let (slope, intercept) = (rounded(tangent.slope), rounded(tangent.intercept()));
    let at = [plain("tangent at "), variable(by), plain(" = "), number(rounded(tangent.at[0]))];
    let mut runs = at.concat();
    runs.extend([plain(": "), variable("y"), plain(" = ")].concat());
    if slope != 0.0 {
        match slope {
            1.0 => {}
            -1.0 => runs.extend(plain("−")),
            _ => runs.extend(number(slope)),
        }
        runs.extend(variable(by));
    }
    match (slope == 0.0, intercept) {
        (true, _) => runs.extend(number(intercept)),
        (false, 0.0) => {}
        (false, _) => {
            runs.extend(plain(if intercept < 0.0 { " − " } else { " + " }));
            runs.extend(number(intercept.abs()));
        }
    }
    runs
}

/// Writes a tangent's slope beside its point, on the side where the fewest lines are.
fn slope(
    scene: &mut Scene,
    fonts: &Fonts,
    chart: &Chart,
    lines: &[Vec<Point>],
    tangent: &Tangent,
    taken: &mut Vec<Area>,
) {
    const AWAY: f64 = 12.0;
    let runs = [plain("slope "), number(rounded(tangent.slope))].concat();
    let width = fonts.width(&runs, NUMBERS);
    let [x, y] = chart.place(tangent.at);
    let box_at = |left: f64, base: f64| Area {
        left: left - 2.0,
        top: base - NUMBERS,
        right: left + width + 2.0,
        bottom: base + 4.0,
    };
    let sides = [
        [x + AWAY, y + AWAY + 6.0],
        [x - AWAY - width, y - AWAY],
        [x + AWAY, y - AWAY],
        [x - AWAY - width, y + AWAY + 6.0],
        [x + AWAY, y + 4.0],
        [x - AWAY - width, y + 4.0],
    ];
    let crossed = |[left, base]: &Point| {
        let place = box_at(*left, *base);
        let outside = chart.area.corners().iter().filter(|corner| place.holds(**corner)).count()
            + usize::from(!chart.area.holds([place.left, place.top]))
            + usize::from(!chart.area.holds([place.right, place.bottom]));
        let hidden = lines.iter().filter(|line| !place.clip(line).is_empty()).count();
        let met = taken.iter().filter(|other| place.meets(other)).count();
        hidden + 10 * (outside + met)
    };
    let Some(&at) = sides.iter().min_by_key(|side| crossed(side)) else { return };
    taken.push(box_at(at[0], at[1]));
    let (anchor, size, color) = (Anchor::Start, NUMBERS, BLACK);
    scene.text(Text { runs, at, anchor, size, color, halo: true, turn: 0.0 });
}

/// Draws a path along a curve: from point to point, each on the curve.
fn draw_walk(scene: &mut Scene, chart: &Chart, walk: &Walk, number: usize) {
    let points: Vec<Point> = walk
        .places
        .iter()
        .filter_map(|place| match place[..] {
            [x, y] => Some(chart.place([x, y])),
            _ => None,
        })
        .collect();
    let stroke = style::path(number);
    scene.lines(chart.area.clip(&points), Stroke { width: 1.2, ..stroke });
    let visible: Vec<Point> =
        points.iter().copied().filter(|point| chart.area.holds(*point)).collect();
    for point in &visible {
        scene.circle(*point, 2.6, stroke.color, None);
    }
    if let (Some(&start), Some(&end)) = (points.first(), visible.last()) {
        scene.items.extend(ends(start, end, stroke.color).into_iter().filter(|item| match item {
            super::scene::Item::Circle { center, .. } => chart.area.holds(*center),
            _ => true,
        }));
    }
}

/// The size of letters in the title, and the room that it takes.
pub const TITLE: f64 = TEXT + 2.0;
