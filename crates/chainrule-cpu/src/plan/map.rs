//! How a map runs: registers in tiles, operands by how they are read, results where they go.

use chainrule_core::compile::program::{Argument, Map, MapOp, MapOperand, ValueId};
use chainrule_core::shape::Kind;

use super::Place;
use crate::pair::Arithmetic;

/// Elements that the tiles and operands of a map may have at once, to stay in the first cache.
const CACHED: usize = 6 << 10;
/// The fewest and the most elements of a tile: below, starting an instruction costs more than it
/// does; above, nothing is won.
const TILES: (usize, usize) = (512, 2048);

/// A map with its registers assigned.
pub(crate) struct PlannedMap {
    pub(crate) rows: bool,
    /// Elements of one row of the domain.
    pub(crate) elements: usize,
    /// Elements of a tile.
    pub(crate) tile: usize,
    /// The values that it reads, in the order of the operands, then those that it writes.
    pub(crate) values: Vec<ValueId>,
    /// How each operand is read.
    pub(crate) operands: Vec<Pattern>,
    pub(crate) code: Vec<PlannedInstruction>,
    /// Results to copy out of where an instruction leaves them, to a value.
    pub(crate) stores: Vec<(Target, usize)>,
    /// Registers, then one buffer for each operand that needs one.
    pub(crate) tiles: usize,
}

/// How an operand is read over the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Element by element.
    Whole,
    /// One number for each row; the buffer is a tile.
    PerRow { buffer: usize },
    /// One number for all.
    Once,
    /// The same for every row.
    Repeated { buffer: usize },
    /// Any other broadcast: strides over the domain's dimensions.
    Strided { buffer: usize, dims: Box<[usize]>, strides: Box<[usize]>, per_row: usize },
}

pub(crate) struct PlannedInstruction {
    pub(crate) op: Operation,
    pub(crate) arguments: [Source; 3],
    pub(crate) target: Target,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    One(MapOp),
    /// One operation on the first two arguments, and another on its result and the third.
    Pair(Arithmetic, Arithmetic),
}

/// Where an instruction finds an argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// In the program.
    Constant(f64),
    /// Where an earlier instruction of the map has left it.
    Result(Target),
    /// In an operand of the map.
    Operand(usize),
}

/// Where an instruction leaves its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// In a tile.
    Tile(usize),
    /// In the memory of a value, by its place in the list of the map's values.
    Value(usize),
}

impl PlannedMap {
    /// Assigns the registers of a map, given where the values live.
    pub(super) fn new(map: &Map, places: &[Place]) -> Self {
        let mut values: Vec<ValueId> = map.operands.iter().map(|operand| operand.value).collect();
        values.extend(map.outputs.iter().map(|&(_, value)| value));
        let first_output = map.operands.len();
        let code = paired(map);
        let mut busy = Busy { until: Vec::new() };
        let mut targets: Vec<Option<Target>> = vec![None; map.code.len()];
        let mut stores = Vec::new();
        for (at, last_use) in last_uses(&code, map.code.len()).into_iter().enumerate() {
            let register = code[at].register;
            let kept = map.outputs.iter().enumerate().filter(|(_, (kept, _))| *kept == register);
            let mut kept = kept.map(|(place, &(_, value))| (first_output + place, value));
            let first = kept.next();
            let target = match first {
                Some((slot, value)) if may_write(map, &code[at + 1..], places, value) => {
                    Target::Value(slot)
                }
                // A tile is free again after its last use; one to be stored never is.
                Some(_) => Target::Tile(busy.take(at, usize::MAX)),
                None => Target::Tile(busy.take(at, last_use)),
            };
            if let (Target::Tile(_), Some((slot, _))) = (target, first) {
                stores.push((target, slot));
            }
            stores.extend(kept.map(|(slot, _)| (target, slot)));
            targets[register] = Some(target);
        }
        let mut tiles = busy.until.len();
        let operands: Vec<Pattern> =
            map.operands.iter().map(|operand| pattern(map, operand, &mut tiles)).collect();
        let source = |argument: &Argument| match *argument {
            Argument::Constant(value) => Source::Constant(value),
            // A register that has no target is in no argument: it is the first of a pair.
            Argument::Register(register) => {
                targets[register].map_or(Source::Constant(f64::NAN), Source::Result)
            }
            Argument::Operand(operand) => Source::Operand(operand),
        };
        let code = code.iter().filter_map(|instruction| {
            let mut arguments = [Source::Constant(0.0); 3];
            for (slot, argument) in arguments.iter_mut().zip(&instruction.arguments) {
                *slot = source(argument);
            }
            let target = targets[instruction.register]?;
            Some(PlannedInstruction { op: instruction.op, arguments, target })
        });
        let streams = tiles + values.len();
        Self {
            rows: map.kind == Kind::Rows,
            elements: map.dims.iter().product(),
            tile: (CACHED / streams.max(1) / 64 * 64).clamp(TILES.0, TILES.1),
            operands,
            code: code.collect(),
            stores,
            tiles,
            values,
        }
    }

    /// A rough count of operations, for one row of a map of rows or all of a shared one.
    pub(super) fn work(&self) -> usize {
        self.elements * self.code.len()
    }
}

/// Until which instruction each tile is in use.
struct Busy {
    until: Vec<usize>,
}

impl Busy {
    /// A tile that is free at an instruction, in use until another.
    fn take(&mut self, at: usize, until: usize) -> usize {
        let tile = self.until.iter().position(|&until| until < at).unwrap_or_else(|| {
            self.until.push(0);
            self.until.len() - 1
        });
        self.until[tile] = until;
        tile
    }
}

/// An instruction or a pair of them.
struct Paired {
    op: Operation,
    arguments: Vec<Argument>,
    /// The register of its result.
    register: usize,
}

/// The instructions of a map, each with the one whose result it alone reads, where both are
/// arithmetic.
fn paired(map: &Map) -> Vec<Paired> {
    let mut uses = vec![0; map.code.len()];
    for argument in map.code.iter().flat_map(|instruction| &instruction.arguments) {
        if let Argument::Register(register) = argument {
            uses[*register] += 1;
        }
    }
    map.outputs.iter().for_each(|&(register, _)| uses[register] += 1);
    let mut all: Vec<Option<Paired>> = Vec::with_capacity(map.code.len());
    for (register, second) in map.code.iter().enumerate() {
        let pair = (0..second.arguments.len()).find_map(|place| {
            let Argument::Register(first) = second.arguments[place] else { return None };
            if uses[first] != 1 {
                return None;
            }
            let Paired { op: Operation::One(op), arguments, .. } = all[first].as_ref()? else {
                return None;
            };
            let then = Arithmetic::of(second.op, place == 1)?;
            let op = Operation::Pair(Arithmetic::of(*op, false)?, then);
            let mut arguments = arguments.clone();
            arguments.resize(2, Argument::Constant(0.0));
            arguments.extend(second.arguments.get(1 - place).cloned());
            Some((first, Paired { op, arguments, register }))
        });
        if let Some((first, _)) = &pair {
            all[*first] = None;
        }
        all.push(Some(pair.map_or_else(
            || Paired {
                op: Operation::One(second.op),
                arguments: second.arguments.clone(),
                register,
            },
            |(_, pair)| pair,
        )));
    }
    all.into_iter().flatten().collect()
}

/// The last instruction that reads the result of each.
fn last_uses(code: &[Paired], registers: usize) -> Vec<usize> {
    let mut last_use = vec![0; registers];
    for (at, instruction) in code.iter().enumerate() {
        last_use[instruction.register] = at;
        for argument in &instruction.arguments {
            if let Argument::Register(register) = argument {
                last_use[*register] = at;
            }
        }
    }
    code.iter().map(|instruction| last_use[instruction.register]).collect()
}

/// Whether an instruction may write a result to its value while the map's operands are read: if
/// none lies there, or only one that is read element by element, and not by those after it.
fn may_write(map: &Map, later: &[Paired], places: &[Place], value: ValueId) -> bool {
    let is_read_later = |operand: usize| {
        let mut later = later.iter();
        later.any(|instruction| instruction.arguments.contains(&Argument::Operand(operand)))
    };
    map.operands.iter().enumerate().all(|(operand, read)| {
        places[read.value] != places[value]
            || (read.kind == map.kind && read.dims == map.dims && !is_read_later(operand))
    })
}

fn pattern(map: &Map, operand: &MapOperand, tiles: &mut usize) -> Pattern {
    let domain: usize = map.dims.iter().product();
    let elements: usize = operand.dims.iter().product();
    let same_kind = operand.kind == map.kind;
    let mut buffer = || {
        *tiles += 1;
        *tiles - 1
    };
    if elements == domain && same_kind {
        Pattern::Whole
    } else if elements == 1 && operand.kind == Kind::Shared {
        Pattern::Once
    } else if elements == 1 {
        Pattern::PerRow { buffer: buffer() }
    } else if elements == domain {
        Pattern::Repeated { buffer: buffer() }
    } else {
        let missing = map.dims.len() - operand.dims.len();
        let mut strides = vec![0; map.dims.len()];
        let mut stride = 1;
        for axis in (0..operand.dims.len()).rev() {
            strides[missing + axis] = if operand.dims[axis] == 1 { 0 } else { stride };
            stride *= operand.dims[axis];
        }
        Pattern::Strided {
            buffer: buffer(),
            dims: map.dims.clone(),
            strides: strides.into(),
            per_row: if operand.kind == Kind::Rows { elements } else { 0 },
        }
    }
}
