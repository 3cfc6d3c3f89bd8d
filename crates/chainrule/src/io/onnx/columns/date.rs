//! Dates: the calendar's arithmetic, on the seconds since 1970 that the input holds.
//!
//! The same steps as `data::calendar::Parts::of`; sines and cosines are looked up in the tables that
//! `predict` has, too, so that both agree to the bit.

use super::number::{self, to_index};
use crate::data::calendar::{DAYS_TO_1970, EARLIEST, LATEST};
use crate::data::{DateEncoding, DatePart};
use crate::io::attribute::Attribute;
use crate::io::graph::GraphBuilder;

/// The parts of a column of dates.
pub(super) fn write(
    graph: &mut GraphBuilder,
    column: &str,
    encoding: &DateEncoding,
) -> Vec<String> {
    let seconds = number::write(graph, column, &encoding.seconds);
    let mut parts = vec![seconds.value()];
    if !encoding.parts.is_empty() {
        let filled = match &seconds.filled {
            Some(filled) => filled.clone(),
            None => number::fill(graph, column, &seconds.absent, encoding.seconds.fill),
        };
        let calendar = Calendar::write(graph, &filled);
        for &part in &encoding.parts {
            let place = calendar.place(graph, part);
            let circle = part.circle();
            let values: Vec<f64> = circle.iter().flatten().copied().collect();
            let table = graph.initializer_f64("circle", &[circle.len(), 2], &values);
            // The place is [N, 1], and the table gives [N, 1, 2].
            let axis = [("axis", Attribute::Int(0))];
            let waves = graph.node("Gather", "", &[&table, &place], &axis);
            let middle = graph.initializer_i64("axis", &[1], &[1]);
            let waves = graph.node("Squeeze", "", &[&waves, &middle], &[]);
            let zero = graph.scalar_f64(0.0);
            parts.push(graph.node("Where", "", &[&seconds.absent, &zero, &waves], &[]));
        }
    }
    parts.extend(seconds.flag);
    parts
}

/// Names of what the parts are computed from.
struct Calendar {
    seconds: String,
    /// Days since 1970, a whole number in double.
    day: String,
    /// Days since 0000-03-01.
    days: String,
}

impl Calendar {
    fn write(graph: &mut GraphBuilder, seconds: &str) -> Self {
        let (earliest, latest) = (graph.scalar_f64(EARLIEST), graph.scalar_f64(LATEST));
        let seconds = graph.node("Max", "", &[seconds, &earliest], &[]);
        let seconds = graph.node("Min", "", &[&seconds, &latest], &[]);
        let day = graph.scalar_f64(86_400.0);
        let day = graph.node("Div", "", &[&seconds, &day], &[]);
        let day = graph.node("Floor", "", &[&day], &[]);
        let days = to_index(graph, &day);
        let days = whole(graph, "Add", &days, DAYS_TO_1970);
        Self { seconds, day, days }
    }

    /// The place of each row's moment in a part's circle, an integer.
    fn place(&self, graph: &mut GraphBuilder, part: DatePart) -> String {
        match part {
            DatePart::Time => {
                let day = graph.scalar_f64(86_400.0);
                let midnight = graph.node("Mul", "", &[&self.day, &day], &[]);
                let since = graph.node("Sub", "", &[&self.seconds, &midnight], &[]);
                let minute = graph.scalar_f64(60.0);
                let minutes = graph.node("Div", "", &[&since, &minute], &[]);
                let minutes = graph.node("Floor", "", &[&minutes], &[]);
                let (first, last) = (graph.scalar_f64(0.0), graph.scalar_f64(1439.0));
                let minutes = graph.node("Max", "", &[&minutes, &first], &[]);
                let minutes = graph.node("Min", "", &[&minutes, &last], &[]);
                to_index(graph, &minutes)
            }
            DatePart::Weekday => {
                let from_monday = whole(graph, "Add", &self.days, 2);
                whole(graph, "Mod", &from_monday, 7)
            }
            DatePart::Day => self.day_of_year(graph),
            DatePart::Month => {
                let day = self.day_of_year(graph);
                let fives = whole(graph, "Mul", &day, 5);
                let fives = whole(graph, "Add", &fives, 2);
                whole(graph, "Div", &fives, 153)
            }
        }
    }

    /// Days since the last 1 March.
    fn day_of_year(&self, graph: &mut GraphBuilder) -> String {
        let of_era = whole(graph, "Mod", &self.days, 146_097);
        let fours = whole(graph, "Div", &of_era, 1460);
        let centuries = whole(graph, "Div", &of_era, 36_524);
        let eras = whole(graph, "Div", &of_era, 146_096);
        let leaps = graph.node("Sub", "", &[&fours, &centuries], &[]);
        let leaps = graph.node("Add", "", &[&leaps, &eras], &[]);
        let year = graph.node("Sub", "", &[&of_era, &leaps], &[]);
        let year = whole(graph, "Div", &year, 365);
        let before = whole(graph, "Mul", &year, 365);
        let fours = whole(graph, "Div", &year, 4);
        let centuries = whole(graph, "Div", &year, 100);
        let before = graph.node("Add", "", &[&before, &fours], &[]);
        let before = graph.node("Sub", "", &[&before, &centuries], &[]);
        graph.node("Sub", "", &[&of_era, &before], &[])
    }
}

/// An operation on integers of 0 or more, whose quotients are rounded down by every runtime.
fn whole(graph: &mut GraphBuilder, op_type: &str, left: &str, right: i64) -> String {
    let right = graph.scalar_i64(right);
    graph.node(op_type, "", &[left, &right], &[])
}
