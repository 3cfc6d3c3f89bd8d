//! Fusing: greedy, by form alone, into the five kernel templates.
//!
//! Elementwise nodes of one phase, one level and one domain become one map, where the level of a
//! node is the number of kernels that must have run before it. Then a map that reads a product's
//! result becomes its epilogue, and a map that feeds only a reduction becomes its prologue.

use std::collections::BTreeMap;

use super::lower::{Lowered, Node, is_over_rows};
use super::program::{
    Argument, CopyPart, Gemm, GemmOperand, Input, Instruction, Kernel, Map, MapOp, MapOperand,
    Movement, Phase, Product, Program, Random, Reduce, Value, ValueId,
};
use crate::op::{Along, Op, Reduction};
use crate::shape::{Kind, Shape, oriented};

/// Turns lowered nodes with their phases into kernels.
pub fn fuse(lowered: &Lowered, phases: &[Option<usize>]) -> Program {
    let mut fusing = Fusing::new(lowered, phases);
    fusing.assign_levels();
    fusing.delay_comparisons();
    fusing.assign_values();
    let last = phases.iter().flatten().copied().max().unwrap_or(0);
    let private = fusing.private();
    let mut program_phases = Vec::new();
    for phase in 0..=last {
        let kernels = fusing.kernels(phase, false);
        if phase % 2 == 0 {
            if !kernels.is_empty() {
                program_phases.push(Phase::Shared(attach(kernels, &private)));
            }
        } else {
            let reductions: Vec<Kernel> =
                fusing.kernels(phase, true).into_iter().map(|(_, kernel)| kernel).collect();
            if !kernels.is_empty() || !reductions.is_empty() {
                program_phases.push(Phase::Rows { kernels: attach(kernels, &private), reductions });
            }
        }
    }
    let inputs = lowered
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(position, node)| match (&node.op, fusing.value[position]) {
            (Op::Input { name, shape }, Some(value)) => {
                Some(Input { name: name.to_string(), shape: shape.clone(), value })
            }
            _ => None,
        })
        .collect();
    let outputs = lowered.roots.iter().filter_map(|&root| fusing.value[root]).collect();
    Program { values: fusing.values, inputs, outputs, updates: Vec::new(), phases: program_phases }
}

struct Fusing<'a> {
    nodes: &'a [Node],
    phases: &'a [Option<usize>],
    is_root: Vec<bool>,
    consumers: Vec<Vec<usize>>,
    /// Products that live on only inside the sum over rows of their result.
    absorbed: Vec<bool>,
    /// Broadcasts that only elementwise nodes read, which broadcast by themselves.
    transparent: Vec<bool>,
    /// Nodes that are an instruction of a map.
    mapped: Vec<bool>,
    level: Vec<usize>,
    value: Vec<Option<ValueId>>,
    values: Vec<Value>,
}

impl<'a> Fusing<'a> {
    fn new(lowered: &'a Lowered, phases: &'a [Option<usize>]) -> Self {
        let nodes = &lowered.nodes;
        let mut is_root = vec![false; nodes.len()];
        for &root in &lowered.roots {
            is_root[root] = true;
        }
        let mut consumers = vec![Vec::new(); nodes.len()];
        for (position, node) in nodes.iter().enumerate() {
            if phases[position].is_some() {
                for &operand in &node.operands {
                    if consumers[operand].last() != Some(&position) {
                        consumers[operand].push(position);
                    }
                }
            }
        }
        let mut fusing = Self {
            nodes,
            phases,
            is_root,
            consumers,
            absorbed: vec![false; nodes.len()],
            transparent: vec![false; nodes.len()],
            mapped: vec![false; nodes.len()],
            level: vec![0; nodes.len()],
            value: vec![None; nodes.len()],
            values: Vec::new(),
        };
        for position in 0..nodes.len() {
            let only_elementwise = !fusing.is_root[position]
                && fusing.consumers[position].iter().all(|&by| nodes[by].op.is_elementwise());
            fusing.absorbed[position] = fusing.is_absorbed(position);
            fusing.transparent[position] =
                matches!(nodes[position].op, Op::Broadcast(_)) && only_elementwise;
            fusing.mapped[position] = match nodes[position].op {
                // A constant is written into its instructions, unless something else reads it.
                Op::Const(_) => !only_elementwise,
                _ => nodes[position].op.is_elementwise() && !fusing.transparent[position],
            };
        }
        fusing
    }

    /// A sum over rows of a product is a product whose contracted dimension is the rows.
    fn is_absorbed(&self, position: usize) -> bool {
        let node = &self.nodes[position];
        let Op::MatMul { transpose_left, .. } = node.op else { return false };
        let [by] = self.consumers[position][..] else { return false };
        let (left, right) = (&self.nodes[node.operands[0]], &self.nodes[node.operands[1]]);
        let k = right.shape.dims[right.shape.rank().saturating_sub(2)];
        !self.is_root[position]
            && matches!(self.nodes[by].op, Op::Reduce(Reduction::Sum, Along::Rows))
            && left.shape.is_rows()
            && right.shape.is_rows()
            && left.shape.rank() == 2
            && right.shape.rank() == 2
            && (transpose_left || k == 1)
    }

    /// The node that holds an operand's elements, and the dimensions in which it is read; a
    /// transparent broadcast is looked through.
    fn resolve(&self, operand: usize) -> (usize, &'a Shape) {
        let nodes = self.nodes;
        let mut seen = operand;
        while self.transparent[seen] {
            seen = nodes[seen].operands[0];
        }
        (self.storage(seen), &nodes[seen].shape)
    }

    /// The node whose elements a reshaped view shows.
    fn storage(&self, position: usize) -> usize {
        let mut position = position;
        while let Op::Reshape(_) = self.nodes[position].op {
            position = self.nodes[position].operands[0];
        }
        position
    }

    fn is_kernel(&self, position: usize) -> bool {
        self.phases[position].is_some()
            && !self.absorbed[position]
            && !self.mapped[position]
            && !self.transparent[position]
            && !matches!(self.nodes[position].op, Op::Input { .. } | Op::Const(_) | Op::Reshape(_))
    }

    /// What a node's kernel reads: an absorbed product is replaced by its operands.
    fn reads(&self, position: usize) -> Vec<usize> {
        let operands = &self.nodes[position].operands;
        match operands.first() {
            Some(&operand) if self.absorbed[operand] => self.nodes[operand].operands.clone(),
            _ => operands.clone(),
        }
    }

    fn assign_levels(&mut self) {
        for position in 0..self.nodes.len() {
            if !self.mapped[position] && !self.is_kernel(position) {
                continue;
            }
            let mut level = 0;
            for operand in self.reads(position) {
                let (holder, _) = self.resolve(operand);
                if self.phases[holder] != self.phases[position]
                    || is_over_rows(&self.nodes[holder].op)
                    || !(self.mapped[holder] || self.is_kernel(holder))
                {
                    continue;
                }
                let together = self.mapped[position]
                    && self.mapped[holder]
                    && holder == operand
                    && self.nodes[holder].shape == self.nodes[position].shape;
                level = level.max(self.level[holder] + usize::from(!together));
            }
            self.level[position] = level;
        }
    }

    /// Puts a comparison that only one later map reads into that map, if what it compares is stored
    /// anyway: a mask is then computed where it is used, and not kept for the backward pass.
    fn delay_comparisons(&mut self) {
        for position in (0..self.nodes.len()).rev() {
            let node = &self.nodes[position];
            let is_candidate = self.mapped[position]
                && matches!(node.op, Op::Compare(_))
                && !self.is_root[position];
            let Some(&first) = self.consumers[position].first().filter(|_| is_candidate) else {
                continue;
            };
            let level = self.level[first];
            let one_map = self.consumers[position].iter().all(|&by| {
                self.mapped[by]
                    && self.phases[by] == self.phases[position]
                    && self.level[by] == level
                    && self.nodes[by].shape == node.shape
            });
            let stored = node.operands.iter().all(|&operand| {
                let (holder, _) = self.resolve(operand);
                !self.mapped[holder] || self.is_read_outside(holder, Some(position))
            });
            if one_map && stored && level > self.level[position] {
                self.level[position] = level;
            }
        }
    }

    /// Whether something outside the node's own map reads it.
    fn is_kept(&self, position: usize) -> bool {
        self.is_read_outside(position, None)
    }

    /// Whether something outside the node's own map reads it, besides one that does not count.
    fn is_read_outside(&self, position: usize, besides: Option<usize>) -> bool {
        self.is_root[position]
            || self.consumers[position].iter().any(|&by| {
                Some(by) != besides
                    && !(self.mapped[by]
                        && self.phases[by] == self.phases[position]
                        && self.level[by] == self.level[position]
                        && self.nodes[by].shape == self.nodes[position].shape)
            })
    }

    fn assign_values(&mut self) {
        for position in 0..self.nodes.len() {
            if self.phases[position].is_none() {
                continue;
            }
            let stored = match self.nodes[position].op {
                Op::Input { .. } => true,
                _ if self.mapped[position] => self.is_kept(position),
                _ => self.is_kernel(position),
            };
            if stored {
                let shape = &self.nodes[position].shape;
                self.value[position] = Some(self.values.len());
                self.values.push(Value { kind: shape.kind, elements: shape.elements() });
            } else if let Op::Reshape(_) = self.nodes[position].op {
                self.value[position] = self.value[self.storage(position)];
            }
        }
    }

    /// Which values one kernel alone reads.
    fn private(&self) -> Vec<bool> {
        let mut readers = vec![0; self.values.len()];
        for position in 0..self.nodes.len() {
            if let Some(value) = self.value[position] {
                // What reads a reshaped view reads the value; a result is read from outside too.
                let views = |&&by: &&usize| matches!(self.nodes[by].op, Op::Reshape(_));
                let consumers = &self.consumers[position];
                readers[value] += consumers.len() - consumers.iter().filter(views).count();
                readers[value] += if self.is_root[position] { 2 } else { 0 };
            }
        }
        readers.into_iter().map(|readers| readers == 1).collect()
    }

    fn value_of(&self, operand: usize) -> ValueId {
        // Every operand of a kernel is stored: `is_kept` saw that a kernel reads it.
        self.value[self.storage(operand)].unwrap_or_default()
    }

    /// The kernels of a phase in the order of their levels.
    fn kernels(&self, phase: usize, over_rows: bool) -> Vec<(usize, Kernel)> {
        let mut groups: BTreeMap<(usize, Kind, &[usize]), Vec<usize>> = BTreeMap::new();
        let mut kernels: Vec<(usize, usize, Kernel)> = Vec::new();
        for (position, node) in self.nodes.iter().enumerate() {
            if self.phases[position] != Some(phase) || is_over_rows(&node.op) != over_rows {
                continue;
            }
            if self.mapped[position] {
                let key = (self.level[position], node.shape.kind, &*node.shape.dims);
                groups.entry(key).or_default().push(position);
            } else if self.is_kernel(position) {
                kernels.push((self.level[position], position, self.kernel(position)));
            }
        }
        for ((level, kind, dims), members) in groups {
            let parts = match kind {
                Kind::Rows => vec![members],
                Kind::Shared => self.independent(&members),
            };
            for members in parts {
                kernels.push((level, members[0], Kernel::Map(self.map(kind, dims, &members))));
            }
        }
        kernels.sort_by_key(|&(level, position, _)| (level, position));
        kernels.into_iter().map(|(level, _, kernel)| (level, kernel)).collect()
    }

    /// Members of a map that do not read each other, apart: the update of each parameter by itself.
    fn independent(&self, members: &[usize]) -> Vec<Vec<usize>> {
        let mut part: BTreeMap<usize, usize> = BTreeMap::new();
        for &member in members {
            let joined: Vec<usize> = self.nodes[member]
                .operands
                .iter()
                .filter_map(|operand| part.get(operand).copied())
                .collect();
            for number in part.values_mut().filter(|number| joined.contains(number)) {
                *number = member;
            }
            part.insert(member, member);
        }
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &member in members {
            parts.entry(part[&member]).or_default().push(member);
        }
        parts.into_values().collect()
    }

    fn map(&self, kind: Kind, dims: &[usize], members: &[usize]) -> Map {
        let mut map = Map {
            kind,
            dims: dims.into(),
            operands: Vec::new(),
            code: Vec::new(),
            outputs: Vec::new(),
        };
        let mut register: BTreeMap<usize, usize> = BTreeMap::new();
        for &member in members {
            let node = &self.nodes[member];
            let mut arguments = Vec::new();
            for &operand in &node.operands {
                let (holder, shape) = self.resolve(operand);
                if let Op::Const(value) = self.nodes[holder].op {
                    arguments.push(Argument::Constant(value.0));
                } else if let Some(&known) = register.get(&holder).filter(|_| holder == operand) {
                    arguments.push(Argument::Register(known));
                } else {
                    let read = MapOperand {
                        value: self.value_of(holder),
                        kind: shape.kind,
                        dims: shape.dims.clone(),
                    };
                    let place = map.operands.iter().position(|known| *known == read);
                    let place = place.unwrap_or_else(|| {
                        map.operands.push(read);
                        map.operands.len() - 1
                    });
                    arguments.push(Argument::Operand(place));
                }
            }
            if let Op::Const(value) = node.op {
                arguments.push(Argument::Constant(value.0));
            }
            register.insert(member, map.code.len());
            if self.is_kept(member)
                && let Some(value) = self.value[member]
            {
                map.outputs.push((map.code.len(), value));
            }
            map.code.push(Instruction { op: map_op(&node.op), arguments });
        }
        map
    }

    fn kernel(&self, position: usize) -> Kernel {
        let node = &self.nodes[position];
        let output = self.value_of(position);
        let operand = |i: usize| &self.nodes[node.operands[i]].shape;
        let read = |i: usize| self.value_of(node.operands[i]);
        let copy = |parts| Kernel::Movement(Movement::Copy { output, parts });
        match &node.op {
            Op::MatMul { transpose_left, .. } => {
                Kernel::Gemm(self.gemm(node, output, *transpose_left))
            }
            Op::Reduce(reduction, Along::Axis(axis)) => Kernel::Reduce(Reduce {
                reduction: *reduction,
                over_rows: false,
                kind: operand(0).kind,
                outer: operand(0).dims[..*axis].iter().product(),
                length: operand(0).dims[*axis],
                inner: operand(0).dims[axis + 1..].iter().product(),
                operand: read(0),
                output,
                prologue: None,
            }),
            Op::Reduce(reduction, Along::Rows) => {
                if self.absorbed[node.operands[0]] {
                    return Kernel::Gemm(self.gemm_over_rows(node.operands[0], output));
                }
                Kernel::Reduce(Reduce {
                    reduction: *reduction,
                    over_rows: true,
                    kind: Kind::Rows,
                    outer: 1,
                    length: 1,
                    inner: operand(0).elements(),
                    operand: read(0),
                    output,
                    prologue: None,
                })
            }
            Op::Permute(axes) => {
                let strides = row_major(&operand(0).dims);
                copy(vec![CopyPart {
                    source: read(0),
                    source_offset: 0,
                    source_strides: axes.iter().map(|&axis| strides[axis]).collect(),
                    dims: node.shape.dims.clone(),
                    target_offset: 0,
                    target_strides: row_major(&node.shape.dims),
                }])
            }
            Op::Slice { axis, start, .. } => {
                let strides = row_major(&operand(0).dims);
                copy(vec![CopyPart {
                    source: read(0),
                    source_offset: start * strides[*axis],
                    source_strides: strides,
                    dims: node.shape.dims.clone(),
                    target_offset: 0,
                    target_strides: row_major(&node.shape.dims),
                }])
            }
            Op::Pad { axis, before, .. } => {
                let strides = row_major(&node.shape.dims);
                copy(vec![CopyPart {
                    source: read(0),
                    source_offset: 0,
                    source_strides: row_major(&operand(0).dims),
                    dims: operand(0).dims.clone(),
                    target_offset: before * strides[*axis],
                    target_strides: strides,
                }])
            }
            Op::Concat { axis } => {
                let strides = row_major(&node.shape.dims);
                let mut start = 0;
                let parts = (0..node.operands.len()).map(|i| {
                    let part = CopyPart {
                        source: read(i),
                        source_offset: 0,
                        source_strides: row_major(&operand(i).dims),
                        dims: operand(i).dims.clone(),
                        target_offset: start * strides[*axis],
                        target_strides: strides.clone(),
                    };
                    start += operand(i).dims[*axis];
                    part
                });
                copy(parts.collect())
            }
            Op::Gather => Kernel::Movement(Movement::Gather {
                output,
                table: read(0),
                index: read(1),
                length: operand(0).dims[0],
                width: operand(0).dims[1..].iter().product(),
            }),
            Op::ScatterAdd { length } => Kernel::Movement(Movement::ScatterAdd {
                output,
                index: read(0),
                updates: read(1),
                length: *length,
                width: node.shape.dims[1..].iter().product(),
            }),
            Op::Iota { along: Along::Axis(axis), dims } => Kernel::Movement(Movement::Iota {
                output,
                outer: dims[..*axis].iter().product(),
                length: dims[*axis],
                inner: dims[axis + 1..].iter().product(),
            }),
            Op::Iota { along: Along::Rows, .. } => Kernel::Movement(Movement::RowNumber { output }),
            Op::Uniform { stream, .. } => Kernel::Random(Random { stream: *stream, output }),
            Op::Input { .. }
            | Op::Const(_)
            | Op::Unary(_)
            | Op::Binary(_)
            | Op::Compare(_)
            | Op::Select
            | Op::Reshape(_)
            | Op::Broadcast(_)
            | Op::Cast(_)
            | Op::StopGradient
            | Op::Call(_) => copy(Vec::new()),
        }
    }

    fn gemm(&self, node: &Node, output: ValueId, transpose_left: bool) -> Gemm {
        let (left, right) = (node.operands[0], node.operands[1]);
        let (a, b) = (&self.nodes[left].shape, &self.nodes[right].shape);
        let (m, k) = oriented(&a.dims[a.rank() - 2..], transpose_left);
        let n = b.dims[b.rank() - 1];
        // The transpose of a vector is stored like the vector.
        let transposed = transpose_left && m != 1 && k != 1;
        let stacked = a.is_rows() && !b.is_rows() && b.rank() == 2 && !transposed;
        Gemm {
            product: if stacked { Product::Stacked } else { Product::Each },
            m,
            n,
            k,
            stack: node.shape.dims[..node.shape.rank() - 2].iter().product(),
            left: self.gemm_operand(left, transposed),
            right: self.gemm_operand(right, false),
            output,
            epilogue: None,
        }
    }

    fn gemm_over_rows(&self, product: usize, output: ValueId) -> Gemm {
        let node = &self.nodes[product];
        let (left, right) = (node.operands[0], node.operands[1]);
        let right_dims = &self.nodes[right].shape.dims;
        Gemm {
            product: Product::OverRows,
            m: node.shape.dims[0],
            n: node.shape.dims[1],
            k: right_dims[0],
            stack: 1,
            left: self.gemm_operand(left, true),
            right: self.gemm_operand(right, false),
            output,
            epilogue: None,
        }
    }

    fn gemm_operand(&self, operand: usize, transposed: bool) -> GemmOperand {
        let shape = &self.nodes[operand].shape;
        GemmOperand {
            value: self.value_of(operand),
            kind: shape.kind,
            transposed,
            stacked: shape.rank() > 2,
        }
    }
}

fn map_op(op: &Op) -> MapOp {
    match op {
        Op::Unary(unary) => MapOp::Unary(*unary),
        Op::Binary(binary) => MapOp::Binary(*binary),
        Op::Compare(compare) => MapOp::Compare(*compare),
        Op::Select => MapOp::Select,
        Op::Cast(precision) => MapOp::Cast(*precision),
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
        | Op::StopGradient
        | Op::Call(_) => MapOp::Copy,
    }
}

fn row_major(dims: &[usize]) -> Box<[usize]> {
    let mut strides = vec![1; dims.len()];
    for i in (0..dims.len().saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * dims[i + 1];
    }
    strides.into()
}

/// Makes maps the epilogues of products and the prologues of reductions.
fn attach(kernels: Vec<(usize, Kernel)>, private: &[bool]) -> Vec<Kernel> {
    let mut kernels: Vec<Option<(usize, Kernel)>> = kernels.into_iter().map(Some).collect();
    for place in 0..kernels.len() {
        let Some((level, Kernel::Map(map))) = &kernels[place] else { continue };
        let (level, map) = (*level, map.clone());
        if let Some(host) = epilogue_host(&kernels[..place], level, &map) {
            if let Some((_, Kernel::Gemm(gemm))) = &mut kernels[host] {
                gemm.epilogue = Some(map);
            }
            kernels[place] = None;
        } else if let Some(host) = prologue_host(&kernels, place, &map, private) {
            if let Some((_, Kernel::Reduce(reduce))) = &mut kernels[host] {
                reduce.prologue = Some(map);
            }
            kernels[place] = None;
        }
    }
    kernels.into_iter().flatten().map(|(_, kernel)| kernel).collect()
}

/// The last product of the level before whose result the map reads element by element, if all
/// else that the map reads is there by then; `kernels` are those before the map.
fn epilogue_host(kernels: &[Option<(usize, Kernel)>], level: usize, map: &Map) -> Option<usize> {
    let elements: usize = map.dims.iter().product();
    let host = kernels.iter().rposition(|kernel| match kernel {
        Some((at, Kernel::Gemm(gemm))) => {
            *at + 1 == level
                && gemm.product == Product::Stacked
                && gemm.epilogue.is_none()
                && map.kind == Kind::Rows
                && gemm.stack * gemm.m * gemm.n == elements
                && map.operands.iter().any(|read| read.value == gemm.output)
        }
        _ => false,
    })?;
    let Some((_, Kernel::Gemm(gemm))) = &kernels[host] else { return None };
    let whole = map
        .operands
        .iter()
        .filter(|read| read.value == gemm.output)
        .all(|read| read.dims == map.dims);
    let later: Vec<ValueId> =
        kernels[host + 1..].iter().flatten().flat_map(|(_, kernel)| kernel.writes()).collect();
    let ready = map.operands.iter().all(|read| !later.contains(&read.value));
    (whole && ready).then_some(host)
}

/// The reduction along an axis that alone reads the map's only result.
fn prologue_host(
    kernels: &[Option<(usize, Kernel)>],
    place: usize,
    map: &Map,
    private: &[bool],
) -> Option<usize> {
    let [(_, value)] = map.outputs[..] else { return None };
    let host = kernels.iter().skip(place).position(|kernel| match kernel {
        Some((_, Kernel::Reduce(reduce))) => !reduce.over_rows && reduce.operand == value,
        _ => false,
    });
    host.filter(|_| private[value]).map(|after| place + after)
}
