//! The chain rule, once: reverse mode, forward mode and higher orders from one set of rules.
//!
//! Every operation is described by how it depends on each operand: an elementwise one by its
//! partial derivative (`partial`), a linear one by its transpose (`transpose`). The result is
//! an expression again, so second derivatives, fusing and printing come for nothing.
//!
//! Conventions at kinks, each tested below: ties in max and min go to the first operand, so
//! relu′(0) = 0 for relu = max(0, x); |x|′(0) = 0; in a gradient √ at exactly 0 passes 0; a
//! branch of `where` that is not taken receives 0 even if its own derivative is infinite.

use crate::error::{Error, ErrorKind};
use crate::expr::Expr;
use crate::graph::{Graph, GraphNode};
use crate::op::{Along, Binary, Compare, Op, Reduction, Unary};
use crate::shape::Shape;

/// The gradient of one shared number with respect to each of `variables`.
///
/// Reverse mode: the gradient has the shape of its variable; a variable on which the value does
/// not depend has gradient 0. Variables may be any expressions that occur in the value.
///
/// # Errors
/// The error that poisoned an expression, or [`ErrorKind::NotANumber`] if the value is not one
/// shared number.
///
/// ```
/// use chainrule_core::{Expr, derivative::gradient};
/// let (x, y) = (Expr::variable("x"), Expr::variable("y"));
/// let d = gradient(&(&x * &y + &x), &[x, y]).unwrap();
/// assert_eq!(d[0].to_string(), "1 + y");
/// assert_eq!(d[1].to_string(), "x");
/// ```
pub fn gradient(value: &Expr, variables: &[Expr]) -> Result<Vec<Expr>, Error> {
    let shape = value.node()?.shape();
    if *shape != Shape::shared(&[]) {
        let kind = ErrorKind::NotANumber { shape: shape.clone() };
        return Err(Error::new(kind, Some(value.place())));
    }
    pull_back(value, &Expr::constant(1.0), variables)
}

/// The gradient of Σ seed·value with respect to each of `variables`: one backward pass.
///
/// # Errors
/// The error that poisoned an expression, or [`ErrorKind::ShapesDiffer`] if the seed does not
/// have the value's shape.
pub fn pull_back(value: &Expr, seed: &Expr, variables: &[Expr]) -> Result<Vec<Expr>, Error> {
    let (value_shape, seed_shape) = (value.node()?.shape(), seed.node()?.shape());
    if !seed_shape.broadcasts_to(value_shape) {
        let kind = ErrorKind::ShapesDiffer {
            op: "seed".into(),
            left: value_shape.clone(),
            right: seed_shape.clone(),
        };
        return Err(Error::new(kind, Some(seed.place())));
    }
    let mut roots = vec![value.clone()];
    roots.extend_from_slice(variables);
    let graph = Graph::new(&roots)?;
    let needed = depends_on(&graph, &graph.roots[1..]);
    let mut adjoints: Vec<Option<Expr>> = vec![None; graph.nodes.len()];
    adjoints[graph.roots[0]] = Some(seed.clone());
    for position in (0..=graph.roots[0]).rev() {
        let Some(adjoint) = adjoints[position].clone() else { continue };
        let node = &graph.nodes[position];
        for (i, &operand) in node.operands.iter().enumerate() {
            if !needed[operand] {
                continue;
            }
            let Some(part) = transpose(&graph, node, i, &adjoint) else { continue };
            let part = sum_to(part, &graph.nodes[operand].shape);
            adjoints[operand] = Some(match adjoints[operand].take() {
                Some(sum) => sum + part,
                None => part,
            });
        }
    }
    Ok(graph.roots[1..]
        .iter()
        .map(|&position| {
            let shape = &graph.nodes[position].shape;
            match &adjoints[position] {
                Some(adjoint) => shaped(adjoint, shape),
                None => shaped(&Expr::constant(0.0), shape),
            }
        })
        .collect())
}

/// The derivative of `value` along a direction: each variable moves by its tangent.
///
/// Forward mode: Σ ∂value/∂variable · tangent, of the value's shape.
///
/// # Errors
/// The error that poisoned an expression, or [`ErrorKind::ShapesDiffer`] if a tangent does not
/// have its variable's shape.
///
/// ```
/// use chainrule_core::{Expr, derivative::push_forward};
/// let x = Expr::variable("x");
/// let dy = push_forward(&x.clone().sigmoid(), &[(x, Expr::constant(1.0))]).unwrap();
/// assert_eq!(dy.to_string(), "sigmoid(x)*sigmoid(-x)");
/// ```
pub fn push_forward(value: &Expr, directions: &[(Expr, Expr)]) -> Result<Expr, Error> {
    let mut roots = vec![value.clone()];
    roots.extend(directions.iter().map(|(variable, _)| variable.clone()));
    let graph = Graph::new(&roots)?;
    let mut tangents: Vec<Option<Expr>> = vec![None; graph.nodes.len()];
    for (&position, (variable, tangent)) in graph.roots[1..].iter().zip(directions) {
        let (shape, found) = (variable.node()?.shape(), tangent.node()?.shape());
        if !found.broadcasts_to(shape) {
            let kind = ErrorKind::ShapesDiffer {
                op: "tangent".into(),
                left: shape.clone(),
                right: found.clone(),
            };
            return Err(Error::new(kind, Some(tangent.place())));
        }
        tangents[position] = Some(tangent.clone());
    }
    for position in 0..graph.nodes.len() {
        if tangents[position].is_some() {
            continue;
        }
        let node = &graph.nodes[position];
        let mut sum: Option<Expr> = None;
        for (i, &operand) in node.operands.iter().enumerate() {
            let Some(tangent) = &tangents[operand] else { continue };
            let Some(part) = push(&graph, node, i, tangent) else { continue };
            sum = Some(match sum.take() {
                Some(sum) => sum + part,
                None => part,
            });
        }
        tangents[position] = sum;
    }
    let shape = value.node()?.shape();
    let tangent = tangents[graph.roots[0]].take().unwrap_or_else(|| Expr::constant(0.0));
    Ok(shaped(&tangent, shape))
}

/// Which nodes depend on one of `targets`.
fn depends_on(graph: &Graph, targets: &[usize]) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    for &target in targets {
        needed[target] = true;
    }
    for (position, node) in graph.nodes.iter().enumerate() {
        needed[position] |= node.operands.iter().any(|&operand| needed[operand]);
    }
    needed
}

/// How an elementwise operation depends on one operand.
enum Partial {
    /// The derivative is this factor.
    Factor(Expr),
    /// As `Factor`, but the factor may be infinite where the value is finite: a zero that meets
    /// it stays zero.
    Singular(Expr),
    /// The derivative is 1 where the condition holds and 0 elsewhere.
    Where(Expr),
    /// The derivative is 1 where the condition does not hold and 0 elsewhere.
    WhereNot(Expr),
    /// The derivative is 1.
    One,
    /// The derivative is −1.
    MinusOne,
    /// The derivative is 0 everywhere.
    Zero,
}

/// The partial derivative of each elementwise operation by operand `i`; `None` if `op` is not one.
fn partial(op: &Op, i: usize, operands: &[&Expr], value: &Expr) -> Option<Partial> {
    use Partial::{Factor, MinusOne, One, Singular, Where, WhereNot, Zero};
    let x = || operands[0].clone();
    let y = || value.clone();
    Some(match op {
        Op::Unary(unary) => match unary {
            Unary::Neg => MinusOne,
            Unary::Abs => Factor(x().sign()),
            Unary::Sign | Unary::Floor => Zero,
            Unary::Exp => Factor(y()),
            Unary::Expm1 => Factor(x().exp()),
            Unary::Log => Singular(1.0 / x()),
            Unary::Log1p => Singular(1.0 / (1.0 + x())),
            // √ at exactly 0 passes 0: the RMSE of a perfect fit has gradient 0, not NaN.
            Unary::Sqrt => Factor(x().equals(0.0).select(0.0, 0.5 / y())),
            Unary::Sin => Factor(x().unary(Unary::Cos)),
            Unary::Cos => Factor(-x().unary(Unary::Sin)),
            Unary::Atan => Factor(1.0 / (1.0 + x() * x())),
            // 1 − tanh² loses every digit from x = 20 on; this form keeps them.
            Unary::Tanh => Factor(4.0 * (2.0 * x()).sigmoid() * (-2.0 * x()).sigmoid()),
            Unary::Sigmoid => Factor(y() * (-x()).sigmoid()),
            Unary::Softplus => Factor(x().sigmoid()),
            Unary::Erf => Factor(std::f64::consts::FRAC_2_SQRT_PI * (-(x() * x())).exp()),
            // The bell curve, for which constants are folded when it is compiled.
            Unary::NormalCdf => {
                let tau = 2.0 * Expr::constant(std::f64::consts::PI);
                Factor((-x().powf(2.0) / 2.0).exp() / tau.sqrt())
            }
        },
        Op::Binary(binary) => {
            let (a, b) = (|| operands[0].clone(), || operands[1].clone());
            match (binary, i) {
                (Binary::Add, _) | (Binary::Sub, 0) => One,
                (Binary::Sub, _) => MinusOne,
                (Binary::Mul, 0) => Factor(b()),
                (Binary::Mul, _) => Factor(a()),
                (Binary::Div, 0) => Singular(1.0 / b()),
                (Binary::Div, _) => Singular(-(y() / b())),
                (Binary::Pow, 0) => power_by_base(&a(), &b()),
                // 0ᵇ does not move with b > 0, where log(0) would give NaN.
                (Binary::Pow, _) => Factor(a().equals(0.0).select(0.0, y() * a().log())),
                (Binary::Max, 0) => Where(b().less_or_equal(a())),
                (Binary::Max, _) => WhereNot(b().less_or_equal(a())),
                (Binary::Min, 0) => Where(a().less_or_equal(b())),
                (Binary::Min, _) => WhereNot(a().less_or_equal(b())),
            }
        }
        Op::Compare(_) => Zero,
        Op::Select => match i {
            0 => Zero,
            1 => Where(x()),
            _ => WhereNot(x()),
        },
        Op::Cast(_) => One,
        Op::StopGradient => Zero,
        Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::MatMul { .. }
        | Op::Reduce(..)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Broadcast(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Gather
        | Op::ScatterAdd { .. }
        | Op::Call(_) => return None,
    })
}

/// ∂(aᵇ)/∂a = b·aᵇ⁻¹, and 0 where b = 0 (a⁰ is 1 for every a, 0 included).
fn power_by_base(a: &Expr, b: &Expr) -> Partial {
    match b.as_const() {
        Some(0.0) => Partial::Zero,
        Some(1.0) => Partial::One,
        Some(2.0) => Partial::Factor(2.0 * a),
        Some(exponent) if exponent > 1.0 => Partial::Factor(b * a.clone().powf(exponent - 1.0)),
        Some(exponent) => Partial::Singular(b * a.clone().powf(exponent - 1.0)),
        None => Partial::Singular(b.clone().equals(0.0).select(0.0, b * a.clone().powf(b - 1.0))),
    }
}

/// The contribution of a node's adjoint to the adjoint of its operand `i`, before it is summed to
/// the operand's shape; `None` where the derivative is 0.
fn transpose(graph: &Graph, node: &GraphNode, i: usize, adjoint: &Expr) -> Option<Expr> {
    let operands: Vec<&Expr> =
        node.operands.iter().map(|&operand| &graph.nodes[operand].expr).collect();
    let operand = &graph.nodes[node.operands[i]].shape;
    if let Some(partial) = partial(&node.op, i, &operands, &node.expr) {
        let part = apply(partial, adjoint, true)?;
        // A value that was repeated collects the adjoint of each repetition.
        return Some(if *operand == node.shape { part } else { shaped(&part, &node.shape) });
    }
    let full = || shaped(adjoint, &node.shape);
    match &node.op {
        Op::MatMul { transpose_left, transpose_right } => {
            let (a, b) = (operands[0].clone(), operands[1].clone());
            let (left, right) = (*transpose_left, *transpose_right);
            Some(match (i, left, right) {
                (0, false, _) => full().matmul_with(false, b, !right),
                (0, true, _) => b.matmul_with(right, full(), true),
                (_, _, false) => a.matmul_with(!left, full(), false),
                (_, _, true) => full().matmul_with(true, a, left),
            })
        }
        Op::Reduce(reduction, along) => {
            let x = operands[0];
            let spread = |value: Expr| expand(value, *along, operand);
            match reduction {
                Reduction::Sum => Some(spread(full())),
                Reduction::Max => Some(winner(x, *along, operand).select(spread(full()), 0.0)),
                Reduction::LogSumExp => {
                    Some(spread(full()) * share(x, &node.expr, *along, operand))
                }
                Reduction::ArgMax => None,
            }
        }
        Op::Reshape(_) => Some(full().reshape(&operand.dims)),
        Op::Permute(axes) => {
            let mut inverse = vec![0; axes.len()];
            for (place, &axis) in axes.iter().enumerate() {
                inverse[axis] = place;
            }
            Some(full().permute(&inverse))
        }
        Op::Broadcast(_) => Some(full()),
        Op::Slice { axis, start, length } => {
            Some(full().pad(*axis, *start, operand.dims[*axis] - start - length))
        }
        Op::Pad { axis, before, .. } => Some(full().slice(*axis, *before, operand.dims[*axis])),
        Op::Concat { axis } => {
            let before: usize = node.operands[..i]
                .iter()
                .map(|&operand| graph.nodes[operand].shape.dims[*axis])
                .sum();
            Some(full().slice(*axis, before, operand.dims[*axis]))
        }
        Op::Gather => match i {
            0 => Some(operands[1].clone().scatter_add(full(), operand.dims[0])),
            _ => None,
        },
        Op::ScatterAdd { .. } => match i {
            0 => None,
            _ => Some(full().gather(operands[0])),
        },
        Op::Call(_) => match i {
            0 => Some(adjoint.clone()),
            _ => None,
        },
        Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select
        | Op::Cast(_)
        | Op::StopGradient => None,
    }
}

/// The contribution of operand `i`'s tangent to the tangent of the node.
fn push(graph: &Graph, node: &GraphNode, i: usize, tangent: &Expr) -> Option<Expr> {
    let operands: Vec<&Expr> =
        node.operands.iter().map(|&operand| &graph.nodes[operand].expr).collect();
    if let Some(partial) = partial(&node.op, i, &operands, &node.expr) {
        return apply(partial, tangent, false);
    }
    let operand = &graph.nodes[node.operands[i]].shape;
    let full = || shaped(tangent, operand);
    match &node.op {
        // Linear in each operand: the operation itself, with the tangent in the operand's place.
        Op::MatMul { .. } => {
            let mut moved: Vec<Expr> = operands.iter().map(|&operand| operand.clone()).collect();
            moved[i] = full();
            Some(Expr::new(node.op.clone(), &moved))
        }
        Op::Reduce(Reduction::Sum, _)
        | Op::Reshape(_)
        | Op::Permute(_)
        | Op::Broadcast(_)
        | Op::Slice { .. }
        | Op::Pad { .. } => Some(Expr::new(node.op.clone(), &[full()])),
        Op::Reduce(Reduction::Max, along) => {
            let mask = winner(operands[0], *along, operand);
            Some(mask.select(full(), 0.0).reduce(Reduction::Sum, *along))
        }
        Op::Reduce(Reduction::LogSumExp, along) => {
            let share = share(operands[0], &node.expr, *along, operand);
            Some((full() * share).reduce(Reduction::Sum, *along))
        }
        Op::Reduce(Reduction::ArgMax, _) => None,
        Op::Concat { axis } => {
            let parts: Vec<Expr> = node
                .operands
                .iter()
                .enumerate()
                .map(|(place, &other)| match place == i {
                    true => full(),
                    false => Expr::constant(0.0).broadcast(&graph.nodes[other].shape),
                })
                .collect();
            Some(Expr::concat(&parts, *axis))
        }
        Op::Gather => match i {
            0 => Some(full().gather(operands[1])),
            _ => None,
        },
        Op::ScatterAdd { length } => match i {
            0 => None,
            _ => Some(operands[0].clone().scatter_add(full(), *length)),
        },
        Op::Call(_) => match i {
            0 => Some(tangent.clone()),
            _ => None,
        },
        Op::Input { .. }
        | Op::Const(_)
        | Op::Iota { .. }
        | Op::Uniform { .. }
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Compare(_)
        | Op::Select
        | Op::Cast(_)
        | Op::StopGradient => None,
    }
}

/// 1 at the first largest element along `along`, 0 elsewhere.
fn winner(x: &Expr, along: Along, shape: &Shape) -> Expr {
    let counter = match along {
        Along::Axis(axis) => Expr::iota(&shape.dims, axis),
        Along::Rows => Expr::row_number().broadcast(shape),
    };
    let position = x.clone().reduce(Reduction::ArgMax, along);
    counter.compare(Compare::Eq, expand(position, along, shape))
}

/// Each element's share of a log-sum-exp: e^(x − value), which sums to 1.
fn share(x: &Expr, value: &Expr, along: Along, shape: &Shape) -> Expr {
    (x - expand(value.clone(), along, shape)).exp()
}

/// An adjoint or a tangent that may still be a smaller value, in its full shape.
fn shaped(value: &Expr, shape: &Shape) -> Expr {
    if value.shape() == *shape { value.clone() } else { value.clone().broadcast(shape) }
}

/// Multiplies an adjoint or a tangent by a partial derivative.
///
/// `reverse` guards a factor that may be infinite: an adjoint of exactly 0 says that the value is
/// not used there, and 0·∞ must not become NaN.
fn apply(partial: Partial, by: &Expr, reverse: bool) -> Option<Expr> {
    Some(match partial {
        Partial::Zero => return None,
        Partial::One => by.clone(),
        Partial::MinusOne => -by,
        Partial::Factor(factor) => times(by, factor),
        Partial::Singular(factor) if reverse && by.as_const().is_none() => {
            match masked(by, &factor) {
                Some(product) => product,
                None => {
                    // Only where the factor is infinite, so that the second derivative stays.
                    let used = Expr::constant(0.0).less(by.clone().abs());
                    let counts = (&factor * 0.0).equals(0.0).max(used);
                    by * counts.select(factor, 0.0)
                }
            }
        }
        Partial::Singular(factor) => times(by, factor),
        Partial::Where(condition) => condition.select(by, 0.0),
        Partial::WhereNot(condition) => condition.select(0.0, by),
    })
}

/// by·factor; a factor 1 vanishes, and a mask stays outermost so that nothing masked can be NaN.
fn times(by: &Expr, factor: Expr) -> Expr {
    if by.as_const() == Some(1.0) {
        return factor;
    }
    match masked(by, &factor) {
        Some(product) => product,
        None => by * factor,
    }
}

/// If `by` is a value masked by `where`, the mask around the product.
fn masked(by: &Expr, factor: &Expr) -> Option<Expr> {
    let node = by.node().ok()?;
    let Op::Select = node.op() else { return None };
    let [condition, yes, no] = node.operands() else { return None };
    if no.as_const() == Some(0.0) {
        Some(condition.clone().select(yes * factor, 0.0))
    } else if yes.as_const() == Some(0.0) {
        Some(condition.clone().select(0.0, no * factor))
    } else {
        None
    }
}

/// Spreads a reduced value over what it was reduced from.
fn expand(value: Expr, along: Along, shape: &Shape) -> Expr {
    match along {
        Along::Axis(axis) => {
            let mut dims = shape.dims.to_vec();
            dims[axis] = 1;
            value.reshape(&dims).broadcast(shape)
        }
        Along::Rows => value.broadcast(shape),
    }
}

/// The transpose of broadcasting: sums over whatever `shape` was repeated along.
///
/// This is where a sum over rows arises: the derivative of a shared value that every row uses.
fn sum_to(value: Expr, shape: &Shape) -> Expr {
    let from = value.shape();
    if from.broadcasts_to(shape) {
        return value;
    }
    let mut value = value;
    if from.is_rows() && !shape.is_rows() {
        value = value.sum_over_rows();
    }
    for _ in shape.rank()..from.rank() {
        value = value.sum(0);
    }
    for axis in 0..shape.rank().min(value.shape().rank()) {
        let dims = value.shape().dims;
        if shape.dims[axis] == 1 && dims[axis] != 1 {
            let mut kept = dims.to_vec();
            kept[axis] = 1;
            value = value.sum(axis).reshape(&kept);
        }
    }
    value
}

/// Derivatives of every order up to `order` of a number by one variable: f, f′, f″ …
///
/// # Errors
/// The error that poisoned an expression.
pub fn derivatives(value: &Expr, variable: &Expr, order: usize) -> Result<Vec<Expr>, Error> {
    let mut all = vec![value.clone()];
    for _ in 0..order {
        let last = &all[all.len() - 1];
        all.push(push_forward(last, &[(variable.clone(), Expr::constant(1.0))])?);
    }
    Ok(all)
}
