//! Where the rows of a table stand: in which file, and on which line of it.

/// The files that were read, and the line on which each row begins in its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places {
    /// The row with which each file begins, and its name.
    files: Vec<(usize, String)>,
    /// In a file that has no lines, the numbers of its rows from 1.
    pub lines: Vec<u32>,
}

impl Places {
    /// The rows that follow are those of a file.
    pub(super) fn begin(&mut self, file: &str) {
        self.files.push((self.lines.len(), file.to_owned()));
    }

    /// The file and the line of a row; the last file for a row that is not there yet.
    pub(super) fn of(&self, row: usize) -> (&str, u64) {
        (self.file(row), self.lines.get(row).copied().map_or(0, u64::from))
    }

    /// The file of a row.
    pub(super) fn file(&self, row: usize) -> &str {
        let place = self.files.partition_point(|&(first, _)| first <= row);
        let file = place.checked_sub(1).and_then(|place| self.files.get(place));
        file.map_or("", |(_, name)| name)
    }

    /// All files, for a sentence: `a.csv`, `a.csv and b.csv`, `a.csv and 4 more`.
    pub(super) fn names(&self) -> String {
        match &self.files[..] {
            [] => String::new(),
            [(_, one)] => one.clone(),
            [(_, one), (_, two)] => format!("{one} and {two}"),
            [(_, first), rest @ ..] => format!("{first} and {} more", rest.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stands_in_the_file_that_begins_before_it() {
        let mut places = Places::default();
        places.begin("a");
        places.lines.extend([2, 3]);
        places.begin("none");
        places.begin("b");
        places.lines.extend([2, 5]);
        assert_eq!(
            [0, 1, 2, 3].map(|row| places.of(row)),
            [("a", 2), ("a", 3), ("b", 2), ("b", 5)]
        );
        assert_eq!(places.of(4), ("b", 0));
        assert_eq!(places.names(), "a and 2 more");
        assert_eq!(Places::default().of(0), ("", 0));
    }
}
