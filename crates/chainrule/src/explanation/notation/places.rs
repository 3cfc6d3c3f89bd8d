//! Elements of rows, and rows put together from parts.

use chainrule_core::Expr;

use super::arithmetic::unsigned;
use super::seen::elements;
use super::{Binds, Piece, Writer, atom};

impl Writer<'_> {
    /// Some elements of a row, counted from 0.
    pub(super) fn element(&self, of: &Expr, which: &str) -> Piece {
        let mut of = self.bracketed(of, Binds::Atom);
        if of.contains('/') && !of.starts_with('(') {
            of = self.brackets(&of);
        }
        atom(match self.is_latex {
            true => format!(r"{of}\left[{which}\right]"),
            false => format!("{of}[{which}]"),
        })
    }

    pub(super) fn list(&self, parts: Vec<String>) -> Piece {
        let parts = parts.join(", ");
        atom(match self.is_latex {
            true => format!(r"\left[{parts}\right]"),
            false => format!("[{parts}]"),
        })
    }

    /// Values at their places among zeros: of one value, its product with a row that is 1 there.
    pub(super) fn scattered(&self, operands: &[Expr]) -> Piece {
        let [index, updates] = operands else { return atom(String::new()) };
        let place = self.function("onehot", std::slice::from_ref(index));
        if elements(updates) > 1 {
            let values = self.bracketed(updates, Binds::Product);
            let transposed = self.either("ᵀ·", r"^{\top}\, ");
            let text = format!("{}{transposed}{values}", place.text);
            return Piece { text, binds: Binds::Product };
        }
        let (is_negative, value) = unsigned(self.write(updates));
        let text = match value.text.as_str() {
            "1" => place.text,
            _ => {
                let is_bare = value.binds >= Binds::Product;
                let value = if is_bare { value.text } else { self.brackets(&value.text) };
                format!("{value}{}{}", self.either("·", r" \cdot "), place.text)
            }
        };
        match is_negative {
            true => Piece { text: format!("-{text}"), binds: Binds::Sign },
            false => Piece { text, binds: Binds::Product },
        }
    }
}
