//! A picture as SVG: lines as paths, text as text.

use std::fmt::Write;

use super::scene::{Anchor, Color, Item, Point, Scene, Stroke, Text, WHITE};
use super::typeset::Run;

/// The fonts of text: those of TeX where they are installed, else the reader's own with serifs.
const FAMILY: &str = "KaTeX_Main, 'Latin Modern Roman', 'CMU Serif', 'STIX Two Text', \
                      'Times New Roman', Times, serif";

/// The text of an SVG file that is shown at a width and a height.
pub fn svg(scene: &Scene, [width, height]: [usize; 2]) -> String {
    let [right, bottom] = scene.size.map(decimal);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {right} {bottom}\" role=\"img\" xml:space=\"preserve\" font-family=\"{FAMILY}\" \
         stroke-linejoin=\"round\" stroke-linecap=\"butt\">\n<title>{}</title>\n\
         <rect width=\"{right}\" height=\"{bottom}\" fill=\"{}\"/>\n",
        escaped(&scene.about),
        hex(WHITE)
    );
    for item in &scene.items {
        // Writing to a String cannot fail.
        let _ = match item {
            Item::Lines { lines, stroke } => {
                let path: String = lines.iter().map(|line| path(line)).collect();
                writeln!(text, "<path d=\"{path}\" fill=\"none\" {}/>", stroked(stroke))
            }
            Item::Area { points, fill } => {
                writeln!(text, "<path d=\"{}Z\" fill=\"{}\"/>", path(points), hex(*fill))
            }
            Item::Circle { center: [x, y], radius, fill, stroke } => {
                let stroke = stroke.map(|stroke| format!(" {}", stroked(&stroke)));
                writeln!(
                    text,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{}/>",
                    decimal(*x),
                    decimal(*y),
                    decimal(*radius),
                    hex(*fill),
                    stroke.unwrap_or_default()
                )
            }
            Item::Text(line) => writeln!(text, "{}", words(line)),
        };
    }
    text.push_str("</svg>\n");
    text
}

fn path(line: &[Point]) -> String {
    let mut path = String::new();
    for (i, [x, y]) in line.iter().enumerate() {
        let command = match i {
            0 => "M",
            1 => "L",
            _ => " ",
        };
        path.push_str(&format!("{command}{} {}", decimal(*x), decimal(*y)));
    }
    path
}

fn stroked(stroke: &Stroke) -> String {
    let mut text =
        format!("stroke=\"{}\" stroke-width=\"{}\"", hex(stroke.color), decimal(stroke.width));
    if !stroke.dash.is_empty() {
        let dash: Vec<String> = stroke.dash.iter().map(|length| decimal(*length)).collect();
        text.push_str(&format!(" stroke-dasharray=\"{}\"", dash.join(" ")));
    }
    text
}

fn words(text: &Text) -> String {
    let [x, y] = text.at.map(decimal);
    let mut tag = format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\"",
        decimal(text.size),
        hex(text.color)
    );
    tag.push_str(match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    });
    if text.turn != 0.0 {
        tag.push_str(&format!(" transform=\"rotate({} {x} {y})\"", decimal(text.turn)));
    }
    if text.halo {
        tag.push_str(&format!(
            " stroke=\"{}\" stroke-width=\"4\" paint-order=\"stroke\"",
            hex(WHITE)
        ));
    }
    tag.push('>');
    let mut raise = 0.0;
    for run in &text.runs {
        tag.push_str(&span(run, text.size, raise));
        raise = run.raise;
    }
    tag.push_str("</text>");
    tag
}

/// A run, moved from the height of the one before it.
fn span(run: &Run, size: f64, before: f64) -> String {
    let mut looks = String::new();
    if run.italic {
        looks.push_str(" font-style=\"italic\"");
    }
    if run.scale != 1.0 {
        looks.push_str(&format!(" font-size=\"{}\"", decimal(size * run.scale)));
    }
    if run.raise != before {
        looks.push_str(&format!(" dy=\"{}\"", decimal((before - run.raise) * size)));
    }
    let text = escaped(&run.text);
    if looks.is_empty() { text } else { format!("<tspan{looks}>{text}</tspan>") }
}

fn hex(color: Color) -> String {
    let Color(red, green, blue) = color;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A number with at most two decimals.
fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A text with what XML gives a meaning written otherwise, and without what it forbids.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::scene::BLACK;
    use super::super::typeset::{number, plain};
    use super::*;

    #[test]
    fn numbers_are_short() {
        let short = [0.0, -0.001, 12.0, 0.125, -3.5, 100.0].map(decimal);
        assert_eq!(short, ["0", "0", "12", "0.12", "-3.5", "100"]);
    }

    #[test]
    fn a_picture_is_text_and_paths() {
        let mut scene =
            Scene { size: [100.0, 50.0], about: "a < b & \"c\"\u{1b}".into(), items: Vec::new() };
        let dashed = Stroke { color: BLACK, width: 1.5, dash: &[4.0, 2.5] };
        scene.lines(vec![vec![[0.0, 1.0], [2.0, 3.004], [4.0, 5.0]]], dashed);
        scene.text(Text {
            runs: [plain("a<b, "), number(1e-7)].concat(),
            at: [10.0, 20.0],
            anchor: Anchor::End,
            size: 10.0,
            color: BLACK,
            halo: false,
            turn: -45.0,
        });
        let text = svg(&scene, [200, 100]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("width=\"200\" height=\"100\" viewBox=\"0 0 100 50\""));
        assert_eq!(lines[1], "<title>a &lt; b &amp; &quot;c&quot; </title>");
        assert_eq!(
            lines[3],
            "<path d=\"M0 1L2 3 4 5\" fill=\"none\" stroke=\"#222222\" stroke-width=\"1.5\" \
             stroke-dasharray=\"4 2.5\"/>"
        );
        assert_eq!(
            lines[4],
            "<text x=\"10\" y=\"20\" font-size=\"10\" fill=\"#222222\" text-anchor=\"end\" \
             transform=\"rotate(-45 10 20)\">a&lt;b, 10<tspan font-size=\"7\" dy=\"-3.6\">−7</tspan>\
             </text>"
        );
        assert_eq!(lines[5], "</svg>");
    }
}
