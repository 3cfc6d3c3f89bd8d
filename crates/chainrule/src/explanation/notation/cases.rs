//! Comparisons, and values that depend on them.

use chainrule_core::Expr;
use chainrule_core::op::{Along, Binary, Compare, Op};

use super::seen::seen;
use super::{Piece, Writer, atom};

impl Writer<'_> {
    /// 1 where a comparison holds; of a count and a class, 1 at that class.
    pub(super) fn indicator(&self, expr: &Expr) -> Piece {
        if let Ok(node) = expr.node()
            && let [count, class] = node.operands()
            && *node.op() == Op::Compare(Compare::Eq)
            && let Ok(Op::Iota { along: Along::Axis(_), .. }) = seen(count).node().map(|n| n.op())
        {
            return self.function("onehot", std::slice::from_ref(class));
        }
        let comparison = self.comparison(expr);
        atom(match self.is_latex {
            true => format!(r"\left[{comparison}\right]"),
            false => format!("[{comparison}]"),
        })
    }

    /// A comparison without brackets, the number last: x > 0.
    fn comparison(&self, expr: &Expr) -> String {
        let (op, operands) = match expr.node() {
            Ok(node) => (node.op(), node.operands()),
            Err(_) => return String::new(),
        };
        let sides: Vec<String> = operands.iter().map(|side| self.write(side).text).collect();
        if *op == Op::Binary(Binary::Mul) && operands.iter().all(|side| is_comparison(seen(side))) {
            let both: Vec<String> =
                operands.iter().map(|side| self.comparison(seen(side))).collect();
            return both.join(&self.either(" and ", r" \text{ and } "));
        }
        let (Op::Compare(compare), [left, right]) = (op, &sides[..]) else {
            return format!("{} {} 0", self.write(expr).text, self.either("≠", r"\ne"));
        };
        let is_exchanged = seen(&operands[0]).as_const().is_some();
        let sign = match (compare, is_exchanged) {
            (Compare::Lt, false) => "<".to_owned(),
            (Compare::Lt, true) => ">".to_owned(),
            (Compare::Le, false) => self.either("≤", r"\le"),
            (Compare::Le, true) => self.either("≥", r"\ge"),
            (Compare::Eq, _) => "=".to_owned(),
        };
        match is_exchanged {
            true => format!("{right} {sign} {left}"),
            false => format!("{left} {sign} {right}"),
        }
    }

    pub(super) fn cases(&self, operands: &[Expr]) -> Piece {
        let [condition, yes, no] = operands else { return atom(String::new()) };
        let condition = self.comparison(seen(condition));
        let (yes, no) = (self.write(yes).text, self.write(no).text);
        atom(match self.is_latex {
            true => format!(
                r"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} \end{{cases}}"
            ),
            false => format!("where({condition}, {yes}, {no})"),
        })
    }
}

fn is_comparison(expr: &Expr) -> bool {
    expr.node().is_ok_and(|node| matches!(node.op(), Op::Compare(_)))
}
