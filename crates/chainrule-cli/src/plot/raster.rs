//! A picture as PNG: the same things as in the SVG, drawn in pixels.

use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke as Pen, StrokeDash,
    Transform,
};
use ttf_parser::OutlineBuilder;

use super::font::Fonts;
use super::scene::{Anchor, Color, Item, Point, Scene, Stroke, Text, WHITE};

/// The bytes of a PNG file of a width and a height in pixels; none if that is no size.
pub fn png(scene: &Scene, fonts: &Fonts, [width, height]: [usize; 2]) -> Option<Vec<u8>> {
    let mut pixels = Pixmap::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?)?;
    pixels.fill(tiny_skia::Color::WHITE);
    let scale = f64::min(width as f64 / scene.size[0], height as f64 / scene.size[1]) as f32;
    let mut canvas = Canvas { pixels, view: Transform::from_scale(scale, scale), fonts };
    for item in &scene.items {
        match item {
            Item::Lines { lines, stroke } => canvas.stroke(&path(lines, false), stroke),
            Item::Area { points, fill } => {
                canvas.fill(
                    &path(std::slice::from_ref(points), true),
                    *fill,
                    Transform::identity(),
                );
            }
            Item::Circle { center, radius, fill, stroke } => {
                let circle =
                    PathBuilder::from_circle(center[0] as f32, center[1] as f32, *radius as f32);
                canvas.fill(&circle, *fill, Transform::identity());
                if let Some(stroke) = stroke {
                    canvas.stroke(&circle, stroke);
                }
            }
            Item::Text(text) => canvas.text(text),
        }
    }
    canvas.pixels.encode_png().ok()
}

struct Canvas<'a> {
    pixels: Pixmap,
    view: Transform,
    fonts: &'a Fonts,
}

impl Canvas<'_> {
    fn stroke(&mut self, path: &Option<Path>, stroke: &Stroke) {
        let Some(path) = path else { return };
        self.pixels.stroke_path(path, &paint(stroke.color), &pen(stroke), self.view, None);
    }

    fn fill(&mut self, path: &Option<Path>, color: Color, place: Transform) {
        let Some(path) = path else { return };
        let place = place.post_concat(self.view);
        self.pixels.fill_path(path, &paint(color), FillRule::Winding, place, None);
    }

    fn text(&mut self, text: &Text) {
        let (glyphs, width) = self.fonts.lay_out(&text.runs, text.size);
        let start = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let mut outline = Outline { path: PathBuilder::new(), at: [0.0; 2], scale: 0.0 };
        for glyph in &glyphs {
            outline.at = [start + glyph.at[0], -glyph.at[1]];
            outline.scale = glyph.scale;
            glyph.face.outline_glyph(glyph.id, &mut outline);
        }
        let path = outline.path.finish();
        let [x, y] = text.at.map(|along| along as f32);
        let place = Transform::from_rotate(text.turn as f32).post_translate(x, y);
        if let (true, Some(path)) = (text.halo, &path) {
            let halo = pen(&Stroke::solid(WHITE, 4.0));
            let place = place.post_concat(self.view);
            self.pixels.stroke_path(path, &paint(WHITE), &halo, place, None);
        }
        self.fill(&path, text.color, place);
    }
}

fn path(lines: &[Vec<Point>], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        for (i, point) in line.iter().enumerate() {
            let [x, y] = point.map(|along| along as f32);
            if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        if closed {
            path.close();
        }
    }
    path.finish()
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(color.0, color.1, color.2, 255);
    paint
}

fn pen(stroke: &Stroke) -> Pen {
    let dash: Vec<f32> = stroke.dash.iter().map(|&length| length as f32).collect();
    Pen {
        width: stroke.width as f32,
        line_join: LineJoin::Round,
        line_cap: LineCap::Butt,
        dash: if dash.is_empty() { None } else { StrokeDash::new(dash, 0.0) },
        ..Pen::default()
    }
}

/// Letters of a font as one path.
struct Outline {
    path: PathBuilder,
    at: [f64; 2],
    scale: f64,
}

impl Outline {
    /// A place of a letter, whose y goes up.
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let place = |origin: f64, along: f32, sign: f64| {
            (origin + sign * self.scale * f64::from(along)) as f32
        };
        (place(self.at[0], x, 1.0), place(self.at[1], y, -1.0))
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) =
            (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::BLACK;
    use super::super::typeset::plain;
    use super::*;

    /// The share of pixels that are not white, left and right of the middle.
    fn ink(scene: &Scene, size: [usize; 2]) -> [usize; 2] {
        let bytes = png(scene, &Fonts::new(), size).unwrap();
        let pixels = Pixmap::decode_png(&bytes).unwrap();
        assert_eq!([pixels.width() as usize, pixels.height() as usize], size);
        let mut ink = [0, 0];
        for (i, pixel) in pixels.pixels().iter().enumerate() {
            let right = usize::from(i % size[0] >= size[0] / 2);
            ink[right] += usize::from(pixel.red() < 128);
        }
        ink
    }

    #[test]
    fn lines_and_letters_leave_ink_where_they_stand() {
        let mut scene = Scene { size: [100.0, 40.0], about: String::new(), items: Vec::new() };
        assert_eq!(ink(&scene, [100, 40]), [0, 0]);
        scene.lines(vec![vec![[60.0, 10.0], [90.0, 10.0]]], Stroke::solid(BLACK, 2.0));
        assert_eq!(ink(&scene, [100, 40]), [0, 60]);
        let text = Text {
            runs: plain("mean"),
            at: [10.0, 30.0],
            anchor: Anchor::Start,
            size: 15.0,
            color: BLACK,
            halo: true,
            turn: 0.0,
        };
        scene.text(text);
        let [left, right] = ink(&scene, [200, 80]);
        assert!(left > 100 && right == 240, "{left} {right}");
        assert!(png(&scene, &Fonts::new(), [0, 10]).is_none());
    }
}
