//! The `map` template: any elementwise graph, interpreted tile by tile.
//!
//! A tile of at most [`TILE`] elements goes through all instructions before the next one starts,
//! so what an instruction leaves is in the first cache when the next reads it.

use chainrule_core::compile::program::{Argument, ValueId};

use crate::frame::Frame;
use crate::lanes::{Lane, Number, run};
use crate::plan::{Pattern, PlannedMap, PlannedOperand, TILE, Target};
use crate::simd::Isa;

/// A part of the domain: whole rows, or a part of one row.
#[derive(Clone, Copy)]
struct Tile {
    /// The first row and the number of rows.
    row: usize,
    rows: usize,
    /// The first element in the row; 0 if the tile has several rows.
    column: usize,
    /// Elements in all.
    length: usize,
}

/// Runs a map on all rows of a frame.
///
/// # Safety
/// The frame's rows of what the map writes must be this thread's alone, and nobody may write what
/// it reads.
pub(crate) unsafe fn run_rows<T: Number>(isa: Isa, map: &PlannedMap, frame: &Frame<'_, T>) {
    let elements = map.elements.max(1);
    let rows_of_tile = (TILE / elements).max(1);
    let columns_of_tile = elements.min(TILE);
    // SAFETY: passed on from the caller.
    unsafe { fill_repeated(map, frame, rows_of_tile.min(frame.rows)) };
    let mut row = 0;
    while row < frame.rows {
        let rows = rows_of_tile.min(frame.rows - row);
        let mut column = 0;
        while column < elements {
            let columns = columns_of_tile.min(elements - column);
            let tile = Tile { row, rows, column, length: rows * columns };
            // SAFETY: passed on from the caller; the tile lies within the frame's rows.
            unsafe { run_tile(isa, map, frame, tile) };
            column += columns;
        }
        row += rows;
    }
}

/// Runs a map on elements `from .. to` of a shared domain.
///
/// # Safety
/// As [`run_rows`], for these elements.
pub(crate) unsafe fn run_shared<T: Number>(
    isa: Isa,
    map: &PlannedMap,
    frame: &Frame<'_, T>,
    from: usize,
    to: usize,
) {
    let mut column = from;
    while column < to {
        let length = TILE.min(to - column);
        // SAFETY: passed on from the caller; `to` is at most the domain's elements.
        unsafe { run_tile(isa, map, frame, Tile { row: 0, rows: 1, column, length }) };
        column += length;
    }
}

/// Fills the buffers of operands that are the same for every row, once for all tiles.
unsafe fn fill_repeated<T: Number>(map: &PlannedMap, frame: &Frame<'_, T>, rows: usize) {
    for operand in &map.operands {
        if let Pattern::Repeated { buffer } = operand.pattern
            && rows > 1
        {
            // SAFETY: the operand has `map.elements` elements (its pattern says so), and
            // rows × elements fit in a tile because rows > 1.
            unsafe {
                let source = frame.pointer(operand.value);
                let target = tile_pointer(frame, buffer);
                for row in 0..rows {
                    target.add(row * map.elements).copy_from_nonoverlapping(source, map.elements);
                }
            }
        }
    }
}

fn tile_pointer<T: Number>(frame: &Frame<'_, T>, tile: usize) -> *mut T {
    // SAFETY: the worker has as many tiles as the plan's hungriest map needs.
    unsafe { frame.tiles.add(tile * TILE) }
}

unsafe fn run_tile<T: Number>(isa: Isa, map: &PlannedMap, frame: &Frame<'_, T>, tile: Tile) {
    for operand in &map.operands {
        // SAFETY: passed on from the caller.
        unsafe { fill(map, operand, frame, tile) };
    }
    let place = |value: ValueId| {
        // SAFETY: a value of the domain has `elements` for each row, and the tile lies within.
        unsafe { frame.pointer(value).add(tile.row * map.elements + tile.column) }
    };
    for instruction in &map.code {
        let lane = |argument: Argument| match argument {
            Argument::Constant(value) => Lane::Splat(T::from_f64(value)),
            Argument::Register(register) => {
                let pointer = match map.code[register].target {
                    Target::Tile(tile) => tile_pointer(frame, tile).cast_const(),
                    Target::Value(value) => place(value).cast_const(),
                };
                // SAFETY: an earlier instruction has written these elements of this tile.
                Lane::Slice(unsafe { std::slice::from_raw_parts(pointer, tile.length) })
            }
            // SAFETY: passed on from the caller.
            Argument::Operand(operand) => unsafe {
                operand_lane(map, &map.operands[operand], frame, tile)
            },
        };
        let arguments = instruction.arguments.map(lane);
        let target = match instruction.target {
            Target::Tile(tile) => tile_pointer(frame, tile),
            Target::Value(value) => place(value),
        };
        // SAFETY: the plan gave the result a tile that no argument of the instruction uses, or a
        // value whose place no operand of the map has; both have room for the tile.
        let out = unsafe { std::slice::from_raw_parts_mut(target, tile.length) };
        run(isa, instruction.op, arguments, out);
    }
    for &(register, value) in &map.stores {
        let source = match map.code[register].target {
            Target::Tile(tile) => tile_pointer(frame, tile),
            Target::Value(value) => place(value),
        };
        // SAFETY: the register holds the tile; the value's place is no tile and no other value's
        // that is written directly, so the two do not overlap.
        unsafe { place(value).copy_from_nonoverlapping(source, tile.length) };
    }
}

/// Prepares the buffer of an operand that changes from tile to tile.
unsafe fn fill<T: Number>(
    map: &PlannedMap,
    operand: &PlannedOperand,
    frame: &Frame<'_, T>,
    tile: Tile,
) {
    let source = frame.pointer(operand.value);
    match &operand.pattern {
        Pattern::Whole | Pattern::Once | Pattern::Repeated { .. } => {}
        Pattern::PerRow { buffer } => {
            if tile.rows > 1 {
                let target = tile_pointer(frame, *buffer);
                for row in 0..tile.rows {
                    // SAFETY: the operand has one element for each row of the frame, and the
                    // tile's rows × elements fit in a tile.
                    unsafe {
                        let value = *source.add(tile.row + row);
                        std::slice::from_raw_parts_mut(
                            target.add(row * map.elements),
                            map.elements,
                        )
                        .fill(value);
                    }
                }
            }
        }
        Pattern::Strided { buffer, dims, strides, per_row } => {
            let target = tile_pointer(frame, *buffer);
            let columns = tile.length / tile.rows;
            for row in 0..tile.rows {
                for column in 0..columns {
                    let mut rest = tile.column + column;
                    let mut offset = (tile.row + row) * per_row;
                    for (dim, stride) in dims.iter().zip(strides).rev() {
                        offset += rest % dim * stride;
                        rest /= dim;
                    }
                    // SAFETY: the strides stay within one row of the operand (`pattern` made
                    // them from its dimensions), and the tile has room.
                    unsafe { *target.add(row * columns + column) = *source.add(offset) };
                }
            }
        }
    }
}

unsafe fn operand_lane<'a, T: Number>(
    map: &PlannedMap,
    operand: &PlannedOperand,
    frame: &Frame<'a, T>,
    tile: Tile,
) -> Lane<'a, T> {
    let source = frame.pointer(operand.value);
    let buffered = |buffer: usize| tile_pointer(frame, buffer).cast_const();
    // SAFETY: each pointer is good for the tile: the operand's own elements, by its pattern, or
    // a buffer that `fill` or `fill_repeated` has prepared for this tile.
    unsafe {
        let pointer = match &operand.pattern {
            Pattern::Whole => source.add(tile.row * map.elements + tile.column).cast_const(),
            Pattern::Once => return Lane::Splat(*source),
            Pattern::PerRow { .. } if tile.rows == 1 => return Lane::Splat(*source.add(tile.row)),
            Pattern::Repeated { .. } if tile.rows == 1 => source.add(tile.column).cast_const(),
            Pattern::PerRow { buffer }
            | Pattern::Repeated { buffer }
            | Pattern::Strided { buffer, .. } => buffered(*buffer),
        };
        Lane::Slice(std::slice::from_raw_parts(pointer, tile.length))
    }
}
