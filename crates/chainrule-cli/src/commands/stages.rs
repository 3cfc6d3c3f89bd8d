//! Where the time of a training goes, stage by stage, and how much memory it takes.

use std::time::{Duration, Instant};

use crate::output::{Align, Object, Output, aligned, bytes};

/// The stages in their order, with the time spent in each so far.
pub struct Stages {
    spent: Vec<(&'static str, Duration)>,
    since: Instant,
}

impl Stages {
    /// The first stage begins now.
    pub fn begin() -> Self {
        Self { spent: Vec::new(), since: Instant::now() }
    }

    /// A stage ends now; one that was there before goes on with it.
    pub fn end(&mut self, name: &'static str) {
        let now = Instant::now();
        self.add(name, now - self.since);
        self.since = now;
    }

    /// The stages of a training end now: it encoded the rows until the first step, and took so long
    /// to evaluate its epochs.
    pub fn end_training(&mut self, first_step: Option<Instant>, evaluated: Duration) {
        let now = Instant::now();
        let first_step = first_step.unwrap_or(now);
        self.add("encode", first_step - self.since);
        self.add("train", (now - first_step).saturating_sub(evaluated));
        self.add("evaluate", evaluated);
        self.since = now;
    }

    fn add(&mut self, name: &'static str, time: Duration) {
        match self.spent.iter_mut().find(|(known, _)| *known == name) {
            Some((_, spent)) => *spent += time,
            None => self.spent.push((name, time)),
        }
    }

    /// The seconds of each stage, and the most bytes of memory at once.
    pub fn object(&self) -> Object {
        let object = self
            .spent
            .iter()
            .fold(Object::new(), |object, (name, time)| object.number(name, time.as_secs_f64()));
        match peak_memory() {
            Some(bytes) => object.count("peak_bytes", bytes),
            None => object,
        }
    }

    /// Prints the stages as a part of the story.
    pub fn tell(&self, output: &mut Output) {
        let total: Duration = self.spent.iter().map(|(_, time)| *time).sum();
        let row = |(name, time): &(&str, Duration)| {
            let share = 100.0 * time.as_secs_f64() / total.as_secs_f64();
            vec![
                (*name).to_owned(),
                format!("{:.3} s", time.as_secs_f64()),
                format!("{share:.0} %"),
            ]
        };
        let rows: Vec<Vec<String>> = self.spent.iter().map(row).collect();
        output.plain("");
        let columns = [Align::Left, Align::Right, Align::Right];
        aligned(&rows, &columns).iter().for_each(|line| output.plain(line));
        if let Some(peak) = peak_memory() {
            output.plain(&format!("most memory at once: {}", bytes(peak as usize)));
        }
    }
}

/// The most bytes that this process has had in memory at once, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
