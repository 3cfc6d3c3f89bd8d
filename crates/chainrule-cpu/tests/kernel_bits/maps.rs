//! Maps: every instruction with every form of operand, on lengths up to three tiles.

use chainrule_core::op::{Binary, Compare, Precision, Unary};
use chainrule_core::{Expr, Shape};

use crate::case::{Case, Given, chosen};

/// Three times the lanes of four vectors, which the compiler may take at a time.
const LANES: usize = 3 * 64;
/// Three times the longest tile of a map.
const TILES: usize = 3 * 2048;

/// One operation, with as many operands as it takes.
#[derive(Clone, Copy)]
enum Operation {
    Unary(Unary),
    Cast,
    Binary(Binary),
    Compare(Compare),
    Select,
}

impl Operation {
    fn all() -> Vec<Self> {
        let unary = Unary::ALL.into_iter().map(Self::Unary).chain([Self::Cast]);
        let binary = Binary::ALL.into_iter().map(Self::Binary);
        let compare = Compare::ALL.into_iter().map(Self::Compare);
        unary.chain(binary).chain(compare).chain([Self::Select]).collect()
    }

    fn operands(self) -> usize {
        match self {
            Self::Unary(_) | Self::Cast => 1,
            Self::Binary(_) | Self::Compare(_) => 2,
            Self::Select => 3,
        }
    }

    fn of(self, operands: &[Expr]) -> Expr {
        let a = operands[0].clone();
        match self {
            Self::Unary(unary) => a.unary(unary),
            Self::Cast => a.cast(Precision::F32),
            Self::Binary(binary) => a.binary(binary, &operands[1]),
            Self::Compare(compare) => a.compare(compare, &operands[1]),
            Self::Select => a.select(&operands[1], &operands[2]),
        }
    }
}

/// How an operand is read over a domain.
#[derive(Clone, Copy, Debug)]
enum Form {
    Whole,
    PerRow,
    Once,
    Repeated,
    Strided,
    Constant,
}

const FORMS: [Form; 6] =
    [Form::Whole, Form::PerRow, Form::Once, Form::Repeated, Form::Strided, Form::Constant];

/// An operand of a domain of rows, read in a form.
fn operand(name: &str, form: Form, domain: &Shape) -> Expr {
    let dims = &*domain.dims;
    let shape = match form {
        Form::Whole => Shape::rows(dims),
        Form::PerRow => Shape::rows(&[]),
        Form::Once => Shape::shared(&[]),
        Form::Repeated => Shape::shared(dims),
        Form::Strided => Shape::rows(&[dims[0], 1]),
        Form::Constant => return Expr::constant(0.75),
    };
    Expr::input(name, shape).broadcast(domain)
}

/// A length as two dimensions, the first the smallest that divides it.
fn split(length: usize) -> [usize; 2] {
    let divides = |p: &usize| length.is_multiple_of(*p);
    let p = (2..=7).find(divides).unwrap_or(1);
    [p, length / p]
}

/// A map of one operation with operands of these forms.
fn one(operation: Operation, forms: &[Form], length: usize, number: usize) {
    let domain = Shape::rows(&split(length));
    let operands: Vec<Expr> = (forms.iter().enumerate())
        .map(|(place, &form)| operand(&format!("x{place}"), form, &domain))
        .collect();
    let result = operation.of(&operands).broadcast(&domain);
    Case::new(&[result], &[], 1 + number % 7, Given::Special).check(number);
}

/// All that operands may be, in some order: a combination of as many forms as an operation takes.
fn combination(operation: Operation, mut number: usize) -> Vec<Form> {
    let mut form = || {
        let form = FORMS[number % FORMS.len()];
        number /= FORMS.len();
        form
    };
    (0..operation.operands()).map(|_| form()).collect()
}

#[test]
fn every_instruction_with_every_form_of_operand() {
    let mut all = Vec::new();
    for operation in Operation::all() {
        for number in 0..FORMS.len().pow(operation.operands() as u32) {
            all.push((operation, combination(operation, number)));
        }
    }
    for number in chosen(all.len() * LANES, 700, 1) {
        let (operation, forms) = &all[number % all.len()];
        one(*operation, forms, 1 + number / all.len(), number);
    }
}

#[test]
fn every_length_up_to_three_tiles() {
    let operations = Operation::all();
    for number in chosen(TILES, 60, 2) {
        let operation = operations[number % operations.len()];
        one(operation, &combination(operation, number / 7), 1 + number, number);
    }
}

#[test]
fn lengths_beside_the_ends_of_tiles() {
    let operations = Operation::all();
    let ends = [512, 1024, 1536, 2048, 4096, 6144];
    for number in chosen(3 * ends.len() * operations.len(), 60, 3) {
        let (operation, place) = (operations[number % operations.len()], number / operations.len());
        let length = ends[place / 3] + place % 3 - 1;
        one(operation, &combination(operation, number), length, number);
    }
}

#[test]
fn every_instruction_in_one_map() {
    // Many results at once leave the tiles their smallest size.
    for number in chosen(3 * 512, 20, 4) {
        let [x, y] = ["x", "y"].map(|name| Expr::input(name, Shape::rows(&[1 + number])));
        let z = Expr::input("z", Shape::shared(&[1 + number]));
        let operands = [x, y, z];
        let results: Vec<Expr> =
            Operation::all().iter().map(|operation| operation.of(&operands)).collect();
        Case::new(&results, &[], 1 + number % 5, Given::Special).check(number);
    }
}

#[test]
fn results_in_the_place_of_an_operand() {
    // The place of what is overwritten; at the last, it is every operand.
    let places = |operation: &Operation| 0..=operation.operands();
    let all: Vec<(Operation, usize)> = (Operation::all().into_iter())
        .flat_map(|operation| places(&operation).map(move |place| (operation, place)))
        .collect();
    for number in chosen(all.len() * LANES, 250, 5) {
        let ((operation, place), length) = (all[number % all.len()], 1 + number / all.len());
        let a = Expr::input("a", Shape::shared(&[length]));
        let b = Expr::input("b", Shape::shared(&[length]));
        let mut operands = [b.clone(), Expr::variable("c"), b];
        match place == operation.operands() {
            true => operands.fill(a),
            false => operands[place] = a,
        }
        Case::new(&[], &[("a", operation.of(&operands))], 1, Given::Special).check(number);
    }
}
