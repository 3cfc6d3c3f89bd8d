//! The schedules: every row of their table, the golden rates, and the warm-up before them.

use chainrule::error::ErrorKind;
use chainrule::schedules::{Course, Rates, SCHEDULES, Schedule, Settings, Warmup, schedule};
use chainrule_core::Language;
use serde_json::Value;

use crate::golden::numbers;
use crate::running::assert_close;

/// The rates of a run of one step an epoch, whose losses come one after each.
fn rates(settings: &Settings, rate: f64, epochs: u64, losses: &[f64]) -> Vec<f64> {
    let course = Course::new(settings, Warmup::NONE, rate, epochs, 1).unwrap();
    let so_far = |step: u64| &losses[..losses.len().min(step as usize)];
    (0..epochs).map(|step| course.rate(step, so_far(step))).collect()
}

fn configured(name: &str, given: &[(&str, f64)]) -> Settings {
    Settings::new(schedule(name).unwrap(), given).unwrap()
}

fn course(text: &str, warmup: Warmup, rate: f64, epochs: u64, per_epoch: u64) -> Course {
    Course::new(&Settings::parse(text).unwrap(), warmup, rate, epochs, per_epoch).unwrap()
}

#[test]
fn each_passes_through_its_points() {
    for schedule in SCHEDULES {
        for Rates { given, losses, rates: expected } in schedule.points {
            let settings = Settings::new(schedule, given).unwrap();
            let found = rates(&settings, 1.0, expected.len() as u64, losses);
            assert_close(&found, expected, (1e-15, 0.0), &(schedule.name, given));
        }
    }
}

#[test]
fn rates_are_the_golden_ones() {
    let file: Value = serde_json::from_str(include_str!("../golden/schedules.json")).unwrap();
    let losses = numbers(&file["plateau_metric"]);
    let cases = file["cases"].as_object().unwrap();
    // The rate that was asked for, how many steps a run has, and the schedule.
    let ours = |case: &str| match case {
        "step size=3 gamma=0.5" => (0.1, 10, "step:size=3,factor=0.5"),
        "exponential gamma=0.9" => (0.1, 10, "exponential:factor=0.9"),
        "cosine T=8 min=0.001" => (0.1, 9, "cosine:minimum=0.001"),
        "one-cycle max=1.0 total=20" => (1.0, 20, "one_cycle"),
        "linear warmup from 0.1 over 5" => (0.1, 10, "linear:start=0.1,end=1,epochs=5"),
        "plateau factor=0.5 patience=2" => (0.1, 12, "plateau:factor=0.5,patience=2"),
        other => panic!("{other}"),
    };
    for (case, expected) in cases {
        let (rate, epochs, text) = ours(case);
        let expected = numbers(expected);
        let mut found = rates(&Settings::parse(text).unwrap(), rate, epochs, &losses);
        found.truncate(expected.len());
        assert_close(&found, &expected, (1e-12, 0.0), case);
    }
    assert_eq!(cases.len(), 6);
    // The same end where it is given in epochs.
    let expected = numbers(&cases["cosine T=8 min=0.001"]);
    let given = configured("cosine", &[("minimum", 0.001), ("epochs", 8.0)]);
    assert_close(&rates(&given, 0.1, 100, &[])[..9], &expected, (1e-12, 0.0), &"epochs=8");
    assert_eq!(rates(&given, 0.1, 100, &[])[9..], [0.001; 91]);
}

#[test]
fn what_falls_smoothly_counts_steps_and_what_falls_in_stairs_counts_epochs() {
    let rates = |text| {
        let course = course(text, Warmup::NONE, 1.0, 3, 4);
        (0..12).map(|step| course.rate(step, &[])).collect::<Vec<_>>()
    };
    let stairs = rates("step:size=1,factor=0.5");
    assert_eq!(stairs, [[1.0; 4], [0.5; 4], [0.25; 4]].concat());
    assert_eq!(rates("exponential:factor=0.5"), stairs);
    let line = rates("linear");
    for (step, rate) in line.iter().enumerate() {
        assert_close(&[*rate], &[1.0 - step as f64 / 11.0], (1e-15, 1e-16), &step);
    }
    for text in ["cosine", "linear", "one_cycle"] {
        let rates = rates(text);
        assert!(rates.windows(2).all(|pair| pair[0] != pair[1]), "{text}: {rates:?}");
        assert!(rates[11] <= 1e-5, "{text}");
    }
    // Two epochs down, one that stays.
    let course = course("linear:epochs=2", Warmup::NONE, 1.0, 3, 4);
    let found: Vec<f64> = [0, 4, 8, 11].iter().map(|&step| course.rate(step, &[])).collect();
    assert_eq!(found, [1.0, 0.5, 0.0, 0.0]);
}

#[test]
fn a_warm_up_comes_before_any_schedule() {
    for schedule in SCHEDULES {
        let settings = Settings::from(schedule);
        let plain = Course::new(&settings, Warmup::NONE, 0.5, 6, 10).unwrap();
        let warm = Course::new(&settings, Warmup::Epochs(1.0), 0.5, 6, 10).unwrap();
        let first = plain.rate(0, &[]);
        for step in 0..10 {
            let expected = first * (step as f64 + 1.0) / 10.0;
            let found = warm.rate(step, &[]);
            assert_close(&[found], &[expected], (1e-15, 0.0), &(schedule.name, step));
        }
        assert_close(&[warm.rate(59, &[])], &[plain.rate(59, &[])], (1e-12, 1e-17), &schedule.name);
    }
}

#[test]
fn runs_of_any_length_have_finite_rates() {
    let warmups = [Warmup::NONE, Warmup::Steps(1), Warmup::Steps(3), Warmup::Epochs(0.5)];
    let endless = [Warmup::Steps(u64::MAX), Warmup::Epochs(1e300)];
    for schedule in SCHEDULES {
        for warmup in warmups.iter().chain(&endless) {
            for (epochs, per_epoch) in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (3, 3)] {
                let settings = Settings::from(schedule);
                let course = Course::new(&settings, *warmup, 0.1, epochs, per_epoch).unwrap();
                for step in (0..12).chain([u64::MAX - 1]) {
                    let rate = course.rate(step, &[0.5, 0.5]);
                    let fine = (0.0..=0.1).contains(&rate);
                    assert!(fine, "{} {warmup:?} {epochs}×{per_epoch}: {rate}", schedule.name);
                }
            }
        }
    }
}

#[test]
fn a_wrong_setting_says_what_is_right() {
    for schedule in SCHEDULES {
        for setting in schedule.settings {
            assert!(setting.range.holds(setting.default), "{} {}", schedule.name, setting.name);
            for wrong in [-1.0, f64::NAN, f64::INFINITY] {
                let error = Settings::new(schedule, &[(setting.name, wrong)]).unwrap_err();
                assert!(error.to_string().contains(setting.range.describe()), "{error}");
            }
        }
    }
    assert!(Settings::parse("step:size=2.5").is_err());
    assert!(Settings::parse("plateau:factor=1").is_err());
    assert!(Settings::parse("cosin").unwrap_err().to_string().contains("cosine"));
    assert!(Settings::parse("cosine:min=1").unwrap_err().to_string().contains("minimum"));
    let settings = Settings::parse("cosine:minimum=0.2").unwrap();
    let error = Course::new(&settings, Warmup::NONE, 0.1, 5, 5).unwrap_err();
    let says = matches!(error.kind(), ErrorKind::InvalidSetting { option: "minimum", .. });
    assert!(says && error.to_string().contains("0.1"), "{error}");
    for wrong in ["", "x", "-1", "1.5", "2 weeks", "nan epochs", "inf epochs", "-1 epochs"] {
        assert!(wrong.parse::<Warmup>().is_err(), "{wrong}");
    }
    for warmup in [Warmup::Steps(7), Warmup::Steps(1), Warmup::Epochs(0.25), Warmup::Epochs(1.0)] {
        assert_eq!(warmup.to_string().parse::<Warmup>().unwrap(), warmup);
    }
}

#[test]
fn each_is_told_in_two_languages() {
    for Schedule { name, about, settings, .. } in SCHEDULES {
        for about in settings.iter().map(|setting| setting.about).chain([*about]) {
            assert!(about.of(Language::English).ends_with('.'), "{name}");
            assert!(about.of(Language::Korean).ends_with("다."), "{name}");
        }
    }
}

#[test]
fn a_loss_that_is_negative_gets_better_downwards() {
    let settings = configured("plateau", &[("patience", 0.0), ("factor", 0.5)]);
    let found = rates(&settings, 1.0, 4, &[-1.0, -2.0, -2.000_01]);
    assert_eq!(found, [1.0, 1.0, 1.0, 0.5]);
}

// Cases of the collection "Public troubles of people who train neural networks, as small checks".

#[test]
fn opt_schedule_1() {
    let expected = [0.1, 0.086_819_805_153_394_64, 0.055, 0.023_180_194_846_605_36, 0.01];
    let settings = configured("cosine", &[("minimum", 0.01)]);
    assert_close(&rates(&settings, 0.1, 5, &[]), &expected, (1e-12, 0.0), &"whole");
    // A run that is resumed asks a schedule that has never been asked before.
    for resumed in 0..5 {
        let course = Course::new(&settings, Warmup::NONE, 0.1, 5, 1).unwrap();
        let found: Vec<f64> = (resumed..5).map(|step| course.rate(step, &[])).collect();
        assert_close(&found, &expected[resumed as usize..], (1e-12, 0.0), &resumed);
    }
}

#[test]
fn opt_schedule_warmup_3() {
    for (warmup, peaks) in [(4, 1), (8, 1)] {
        let course = course("cosine", Warmup::Steps(warmup), 0.4, 1, 8);
        let rates: Vec<f64> = (0..8).map(|step| course.rate(step, &[])).collect();
        assert_close(&rates[..1], &[0.4 / warmup as f64], (1e-15, 0.0), &warmup);
        let (rise, fall) = rates.split_at(warmup as usize);
        assert!(rise.is_sorted_by(|a, b| a < b), "{rates:?}");
        assert!(fall.is_sorted_by(|a, b| a > b), "{rates:?}");
        assert_eq!(rates.iter().filter(|&&rate| rate == 0.4).count(), peaks, "{rates:?}");
        assert_eq!(rise.last(), Some(&0.4));
        assert_eq!(rates[7], if warmup == 8 { 0.4 } else { 0.0 }, "{rates:?}");
    }
}

#[test]
fn opt_plateau_1() {
    let settings = configured("plateau", &[("factor", 0.1), ("patience", 2.0), ("threshold", 0.0)]);
    // The rate after each epoch is that of the next.
    let found = rates(&settings, 0.1, 6, &[0.80, 0.90, 0.85, 0.95, 0.70]);
    assert_close(&found[1..], &[0.1, 0.1, 0.1, 0.01, 0.01], (1e-12, 0.0), &"plateau");
}
