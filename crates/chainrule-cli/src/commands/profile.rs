//! Where the time of the steps of a training goes, kernel by kernel.

use chainrule::engine::KernelTime;

use crate::output::{Align, Object, aligned, count, short};

/// The time in each kernel as a table: `peak` is that of `threads` threads, in operations a second,
/// and the times are those of the first.
pub fn lines(times: &[KernelTime], steps: u64, peak: f64, threads: usize) -> Vec<String> {
    let own = peak / threads.max(1) as f64;
    let titles = ["phase", "kernel", "calls", "µs a step", "share", "G/s", "of peak"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let total: f64 = times.iter().map(|time| time.seconds).sum();
    let per_step = |seconds: f64| short(seconds * 1e6 / steps.max(1) as f64);
    for time in times {
        let rate = time.operations / time.seconds;
        let (rate, share) = match time.operations > 0.0 {
            true => (short(rate * 1e-9), percent(rate / own)),
            false => Default::default(),
        };
        rows.push(vec![
            (time.phase + 1).to_string(),
            time.kernel.clone(),
            count(usize::try_from(time.calls).unwrap_or(usize::MAX)),
            per_step(time.seconds),
            percent(time.seconds / total),
            rate,
            share,
        ]);
    }
    let mut sum = vec![String::new(), "all".to_owned(), String::new(), per_step(total)];
    sum.resize(titles.len(), String::new());
    rows.push(sum);
    let (left, right, point) = (Align::Left, Align::Right, Align::Point);
    aligned(&rows, &[left, left, right, point, right, point, right])
}

/// The time in each kernel as objects of JSON: `peak` is that of one thread.
pub fn objects(times: &[KernelTime], steps: u64, peak: f64) -> Vec<Object> {
    let total: f64 = times.iter().map(|time| time.seconds).sum();
    let object = |time: &KernelTime| {
        let rate = time.operations / time.seconds;
        Object::new()
            .count("phase", time.phase as u64 + 1)
            .text("kernel", &time.kernel)
            .count("calls", time.calls)
            .number("step_us", time.seconds * 1e6 / steps.max(1) as f64)
            .number("share", time.seconds / total)
            .number("gflops", rate * 1e-9)
            .number("share_of_peak", rate / peak)
    };
    times.iter().map(object).collect()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_a_line_for_each_kernel_and_their_sum() {
        let time = |kernel: &str, seconds, operations| KernelTime {
            phase: 0,
            kernel: kernel.to_owned(),
            calls: 1000,
            seconds,
            operations,
        };
        let times = [time("gather", 1e-3, 0.0), time("product 8×64×8", 3e-3, 3e8)];
        let lines = lines(&times, 1000, 4e11, 2);
        assert_eq!(lines.len(), 4);
        assert!(lines[1].contains("gather") && lines[1].contains("25 %"), "{}", lines[1]);
        assert!(lines[2].ends_with("1,000      3.000   75 %  100.0     50 %"), "{}", lines[2]);
        assert!(lines[3].ends_with("all                        4.000"), "{}", lines[3]);
        let text = objects(&times, 1000, 2e11)[1].to_string();
        assert!(text.contains(r#""kernel":"product 8×64×8","calls":1000,"step_us":3.0"#), "{text}");
    }
}
