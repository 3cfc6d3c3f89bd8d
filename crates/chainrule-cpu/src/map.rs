//! The `map` template: any elementwise program, run tile by tile.
//!
//! A tile is what the instructions of a map pass on. Each instruction runs over a tile before the
//! next one starts, so what it leaves is in the first cache when the next reads it. Starting an
//! instruction costs a few nanoseconds, since where the map's values are is looked up once for all
//! tiles.

use std::ops::Range;

use crate::frame::Frame;
use crate::lanes::{Lane, Number, run};
use crate::pair::{self, Stream};
use crate::plan::{Operation, Pattern, PlannedMap, Source, Target};
use crate::simd::{Isa, prefetch};

/// Bytes of a value from which on its elements are not expected in a cache.
const CACHED_BYTES: usize = 1 << 20;

/// Runs a map on all rows of a frame.
///
/// # Safety
/// The frame's rows of what the map writes must be this thread's alone, and nobody may write what
/// it reads.
pub(crate) unsafe fn run_rows<T: Number>(isa: Isa, map: &PlannedMap, frame: &Frame<'_, T>) {
    let elements = map.elements.max(1);
    let rows_of_tile = (map.tile / elements).max(1);
    let columns_of_tile = elements.min(map.tile);
    // SAFETY: passed on from the caller.
    let running = unsafe { Running::new(isa, map, frame) };
    // SAFETY: passed on from the caller.
    unsafe { running.fill_repeated(rows_of_tile.min(frame.rows)) };
    let mut row = 0;
    while row < frame.rows {
        let rows = rows_of_tile.min(frame.rows - row);
        let mut column = 0;
        while column < elements {
            let columns = columns_of_tile.min(elements - column);
            let tile = Tile { row, rows, column, length: rows * columns };
            // SAFETY: passed on from the caller; the tile lies within the frame's rows.
            unsafe { running.tile(tile) };
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
    // SAFETY: passed on from the caller.
    let running = unsafe { Running::new(isa, map, frame) };
    let is_far = map.elements * size_of::<T>() > CACHED_BYTES;
    let mut column = from;
    while column < to {
        let length = map.tile.min(to - column);
        if is_far {
            running.prefetch(column + length..to.min(column + length + map.tile));
        }
        // SAFETY: passed on from the caller; `to` is at most the domain's elements.
        unsafe { running.tile(Tile { row: 0, rows: 1, column, length }) };
        column += length;
    }
}

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

/// A map at work, which knows where its values are.
struct Running<'a, T> {
    isa: Isa,
    map: &'a PlannedMap,
    tiles: *mut T,
    table: *mut *mut T,
}

impl<'a, T: Number> Running<'a, T> {
    /// Looks the values of a map up.
    ///
    /// # Safety
    /// The frame's table is this thread's, with room for the values of every map of the plan.
    unsafe fn new(isa: Isa, map: &'a PlannedMap, frame: &Frame<'_, T>) -> Self {
        for (place, &value) in map.values.iter().enumerate() {
            // SAFETY: the caller's contract.
            unsafe { frame.table.add(place).write(frame.pointer(value)) };
        }
        Self { isa, map, tiles: frame.tiles, table: frame.table }
    }

    /// The first element of a value of the map's list.
    fn value(&self, place: usize) -> *mut T {
        // SAFETY: `new` wrote a pointer for every value of the list.
        unsafe { self.table.add(place).read() }
    }

    /// Asks for some elements of the operands that are read element by element.
    fn prefetch(&self, elements: Range<usize>) {
        let operands = self.map.operands.iter().enumerate();
        for (place, _) in operands.filter(|(_, operand)| **operand == Pattern::Whole) {
            let value = self.value(place);
            for element in elements.clone().step_by(64 / size_of::<T>()) {
                prefetch(value.wrapping_add(element));
            }
        }
    }

    fn buffer(&self, tile: usize) -> *mut T {
        // SAFETY: the worker has as many elements of tiles as the plan's hungriest map needs.
        unsafe { self.tiles.add(tile * self.map.tile) }
    }

    /// The first element of a tile in what an instruction writes.
    fn target(&self, target: Target, tile: Tile) -> *mut T {
        match target {
            Target::Tile(buffer) => self.buffer(buffer),
            // SAFETY: a value of the domain has `elements` for each row, and the tile lies within.
            Target::Value(place) => unsafe {
                self.value(place).add(tile.row * self.map.elements + tile.column)
            },
        }
    }

    /// Fills the buffers of operands that are the same for every row, once for all tiles.
    ///
    /// # Safety
    /// As [`run_rows`].
    unsafe fn fill_repeated(&self, rows: usize) {
        let elements = self.map.elements;
        for (place, operand) in self.map.operands.iter().enumerate() {
            if let Pattern::Repeated { buffer } = operand
                && rows > 1
            {
                let (source, target) = (self.value(place), self.buffer(*buffer));
                for row in 0..rows {
                    // SAFETY: the operand has `elements` elements (its pattern says so), and
                    // rows × elements fit in a tile because rows > 1.
                    unsafe {
                        target.add(row * elements).copy_from_nonoverlapping(source, elements);
                    }
                }
            }
        }
    }

    /// Runs the map on a tile.
    ///
    /// # Safety
    /// As [`run_rows`], for the tile.
    unsafe fn tile(&self, tile: Tile) {
        for (place, operand) in self.map.operands.iter().enumerate() {
            // SAFETY: passed on from the caller.
            unsafe { self.fill(operand, self.value(place), tile) };
        }
        for instruction in &self.map.code {
            let target = self.target(instruction.target, tile);
            // SAFETY: passed on from the caller; an earlier instruction has written what is read of
            // this tile. The plan gave the result a tile that no argument of the instruction uses,
            // or a value whose place no operand has that is read later, and none that is read here
            // but element by element.
            unsafe {
                let [x, y, z] = instruction.arguments;
                match instruction.op {
                    Operation::One(op) => {
                        let lane = |source| self.lane(source, tile, target);
                        let arguments = [lane(x), lane(y), lane(z)];
                        let out = std::slice::from_raw_parts_mut(target, tile.length);
                        run(self.isa, op, arguments, out);
                    }
                    Operation::Pair(first, second) => {
                        let stream = |source| self.stream(source, tile);
                        let arguments = [stream(x), stream(y), stream(z)];
                        pair::run(self.isa, (first, second), arguments, target, tile.length);
                    }
                }
            }
        }
        for &(result, place) in &self.map.stores {
            let source = self.target(result, tile);
            let target = self.target(Target::Value(place), tile);
            // SAFETY: the source holds the tile; the value's place is no tile and no other value's
            // that is written directly, so the two do not overlap.
            unsafe { target.copy_from_nonoverlapping(source, tile.length) };
        }
    }

    /// Prepares the buffer of an operand that changes from tile to tile.
    ///
    /// # Safety
    /// As [`run_rows`], for the tile.
    unsafe fn fill(&self, operand: &Pattern, source: *const T, tile: Tile) {
        match operand {
            Pattern::Whole | Pattern::Once | Pattern::Repeated { .. } => {}
            Pattern::PerRow { buffer } => {
                if tile.rows > 1 {
                    let (elements, target) = (self.map.elements, self.buffer(*buffer));
                    for row in 0..tile.rows {
                        // SAFETY: the operand has one element for each row of the frame, and the
                        // tile's rows × elements fit in a tile.
                        unsafe {
                            let value = *source.add(tile.row + row);
                            let of_row = target.add(row * elements);
                            std::slice::from_raw_parts_mut(of_row, elements).fill(value);
                        }
                    }
                }
            }
            Pattern::Strided { buffer, dims, strides, per_row } => {
                let target = self.buffer(*buffer);
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

    /// An argument over a tile; what is written in its own place is not read through a slice.
    ///
    /// # Safety
    /// As [`run_rows`], for the tile.
    #[inline(always)]
    unsafe fn lane(&self, source: Source, tile: Tile, target: *mut T) -> Lane<'a, T> {
        // SAFETY: passed on from the caller.
        match unsafe { self.stream(source, tile) } {
            Stream::Number(number) => Lane::Splat(number),
            Stream::Elements(elements) if elements == target.cast_const() => Lane::Own,
            Stream::Elements(elements) => {
                // SAFETY: a stream is good for the tile.
                Lane::Slice(unsafe { std::slice::from_raw_parts(elements, tile.length) })
            }
        }
    }

    /// An argument over a tile.
    ///
    /// # Safety
    /// As [`run_rows`], for the tile.
    #[inline(always)]
    unsafe fn stream(&self, source: Source, tile: Tile) -> Stream<T> {
        let place = match source {
            Source::Constant(value) => return Stream::Number(T::from_f64(value)),
            Source::Result(result) => {
                return Stream::Elements(self.target(result, tile).cast_const());
            }
            Source::Operand(place) => place,
        };
        let value = self.value(place).cast_const();
        // SAFETY: each pointer is good for the tile: the operand's own elements, by its pattern, or
        // a buffer that `fill` or `fill_repeated` has prepared for this tile.
        unsafe {
            Stream::Elements(match self.map.operands[place] {
                Pattern::Whole => value.add(tile.row * self.map.elements + tile.column),
                Pattern::Once => return Stream::Number(*value),
                Pattern::PerRow { .. } if tile.rows == 1 => {
                    return Stream::Number(*value.add(tile.row));
                }
                Pattern::Repeated { .. } if tile.rows == 1 => value.add(tile.column),
                Pattern::PerRow { buffer }
                | Pattern::Repeated { buffer }
                | Pattern::Strided { buffer, .. } => self.buffer(buffer).cast_const(),
            })
        }
    }
}
