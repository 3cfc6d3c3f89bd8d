//! The fonts of pictures of pixels: two of KaTeX, so that nothing of the machine is needed.

use ttf_parser::{Face, GlyphId};

use super::typeset::Run;

/// Upright letters, digits and signs.
const UPRIGHT: &[u8] = include_bytes!("../../fonts/KaTeX_Main-Regular.ttf");

/// Letters that stand for numbers.
const ITALIC: &[u8] = include_bytes!("../../fonts/KaTeX_Math-Italic.ttf");

/// The two fonts, read.
pub struct Fonts {
    upright: Option<Face<'static>>,
    italic: Option<Face<'static>>,
}

/// A letter in its place.
pub struct Glyph<'a> {
    pub face: &'a Face<'static>,
    pub id: GlyphId,
    /// Its origin, from the start of the text: to the right, and up.
    pub at: [f64; 2],
    /// What its outline is multiplied by.
    pub scale: f64,
}

impl Fonts {
    /// Reads the fonts.
    pub fn new() -> Self {
        Self { upright: Face::parse(UPRIGHT, 0).ok(), italic: Face::parse(ITALIC, 0).ok() }
    }

    /// The letters of a text of some size, and its width.
    pub fn lay_out(&self, runs: &[Run], size: f64) -> (Vec<Glyph<'_>>, f64) {
        let mut glyphs = Vec::new();
        let mut right = 0.0;
        // How far the last letter leans over what follows.
        let mut overhang = 0.0;
        for run in runs {
            for letter in run.text.chars() {
                let (drawn, lift, shrink) = drawn(letter);
                let Some((face, id)) = self.find(drawn, run.italic) else {
                    right += MISSING * size * run.scale;
                    continue;
                };
                let scale = size * run.scale * shrink / f64::from(face.units_per_em());
                if !run.italic {
                    right += overhang;
                }
                let at = [right, size * (run.raise + run.scale * lift)];
                glyphs.push(Glyph { face, id, at, scale });
                let advance = f64::from(face.glyph_hor_advance(id).unwrap_or(0));
                if let ('≠', Some(id)) = (letter, face.glyph_index('/')) {
                    let own = f64::from(face.glyph_hor_advance(id).unwrap_or(0));
                    let at = [right + scale * (advance - own) / 2.0, at[1]];
                    glyphs.push(Glyph { face, id, at, scale });
                }
                let edge = face.glyph_bounding_box(id).map_or(0.0, |inked| f64::from(inked.x_max));
                right += scale * advance;
                overhang = if run.italic { scale * f64::max(edge - advance, 0.0) } else { 0.0 };
            }
        }
        (glyphs, right + overhang)
    }

    /// The width of a text of some size.
    pub fn width(&self, runs: &[Run], size: f64) -> f64 {
        self.lay_out(runs, size).1
    }

    /// The letters of a text that no font has.
    pub fn missing(&self, runs: &[Run]) -> Vec<char> {
        let letters = runs.iter().flat_map(|run| run.text.chars().map(|c| (c, run.italic)));
        letters
            .filter(|&(letter, italic)| self.find(drawn(letter).0, italic).is_none())
            .map(|(letter, _)| letter)
            .collect()
    }

    fn find(&self, letter: char, italic: bool) -> Option<(&Face<'static>, GlyphId)> {
        let faces = match italic {
            true => [&self.italic, &self.upright],
            false => [&self.upright, &self.italic],
        };
        faces.into_iter().flatten().find_map(|face| Some((face, face.glyph_index(letter)?)))
    }
}

/// The room left for a letter that no font has, of the text's size.
const MISSING: f64 = 0.6;

/// The letter that the fonts have for one, how far it is raised, and its size.
fn drawn(letter: char) -> (char, f64, f64) {
    match letter {
        // The prime of these fonts is made to be raised and smaller.
        '′' => ('′', 0.36, 0.75),
        '·' => ('⋅', 0.0, 1.0),
        // With a stroke, which is drawn over it.
        '≠' => ('=', 0.0, 1.0),
        '\u{a0}' => (' ', 0.0, 1.0),
        _ => (letter, 0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::typeset::{plain, variable};
    use super::*;

    #[test]
    fn both_fonts_are_read_and_hold_what_formulas_need() {
        let fonts = Fonts::new();
        assert!(fonts.upright.is_some() && fonts.italic.is_some());
        let signs = "0123456789 abcxyz ABC +−·/()[]|,.=<>≤≥≠√∞⌊⌋′×→:;%";
        assert_eq!(fonts.missing(&plain(signs)), []);
        assert_eq!(fonts.missing(&variable("omega")), []);
        assert_eq!(fonts.missing(&plain("가격 é")), ['가', '격', 'é']);
    }

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        let fonts = Fonts::new();
        // A digit of these fonts is half as wide as its size.
        assert_eq!(fonts.width(&plain("1234"), 10.0), 20.0);
        assert_eq!(fonts.width(&[], 10.0), 0.0);
    }
}
