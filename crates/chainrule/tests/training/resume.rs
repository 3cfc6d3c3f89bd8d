//! A run that is stopped and goes on gives the bits of one that is not.

use std::ops::ControlFlow;

use chainrule::checkpoint::Checkpoint;
use chainrule::engine::Number;
use chainrule::schedules::{self, Warmup};
use chainrule::train::{Callback, Keeper, Settings, Start, Trained};
use chainrule::{Criterion, ErrorKind, Network};

use crate::sample::{Rows, bits, named, settings};

/// Ends a run after a step, or never, and keeps every state that it is offered.
#[derive(Default)]
struct Stop {
    after: Option<u64>,
    steps: u64,
    /// Whether states are kept between epochs (false) or within them (true).
    wanted: Option<bool>,
    states: Vec<Checkpoint>,
}

impl Callback for Stop {
    fn step(&mut self, step: u64, _: f64) -> ControlFlow<()> {
        self.steps = step;
        match self.after.is_some_and(|last| step >= last) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn keeper(&mut self) -> Option<&mut dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Stop {
    fn wants(&mut self, within_epoch: bool) -> bool {
        self.wanted == Some(within_epoch)
    }

    fn keep(&mut self, state: Checkpoint) {
        self.states.push(state);
    }
}

/// A training with everything that it needs.
struct Run {
    name: &'static str,
    rows: Rows,
    network: Network,
    criterion: Criterion,
    settings: Settings,
    training: usize,
}

impl Run {
    fn train<T: Number>(&self, start: Start, threads: usize, stop: &mut Stop) -> Trained<T> {
        let (training, validation) = self.rows.parts(self.training);
        let settings = Settings { threads, ..self.settings.clone() };
        let parts = (&training[..], &validation[..]);
        self.rows
            .train_from(&self.network, &self.criterion, &settings, parts, (start, stop))
            .unwrap()
    }

    /// Stops after each step in turn, and once more after so many steps of what is left; then goes
    /// on to the end.
    fn check<T: Number>(&self, every: usize) {
        let mut whole = Stop::default();
        let expected: Trained<T> = self.train(Start::default(), 1, &mut whole);
        let end = whole.states.pop().unwrap();
        assert!(end.over && whole.states.is_empty(), "{}", self.name);
        let end = end.to_bytes().unwrap();
        let steps = whole.steps;
        assert!(steps > 10, "{}: {steps} steps", self.name);
        let mut resumed = 0;
        for after in (1..steps).step_by(every) {
            let mut start = Start::default();
            for (threads, after) in [(2, Some(after)), (1, Some(after + 3)), (3, None)] {
                let mut stop = Stop { after, ..Stop::default() };
                let trained: Trained<T> = self.train(start, threads, &mut stop);
                let state = stop.states.pop().unwrap();
                // Through the bytes of the file, as a process that starts anew.
                let bytes = state.to_bytes().unwrap();
                let state = Checkpoint::from_bytes(&bytes, "the checkpoint").unwrap();
                assert_eq!(state.over, !trained.interrupted);
                if state.over {
                    let name = format!("{} after step {after:?}", self.name);
                    assert_eq!(trained.history, expected.history, "{name}");
                    assert_eq!(bits(&trained.parameters), bits(&expected.parameters), "{name}");
                    assert_eq!(bits(&trained.states), bits(&expected.states), "{name}");
                    assert_eq!(trained.best_epoch, expected.best_epoch, "{name}");
                    assert_eq!(trained.converged, expected.converged, "{name}");
                    assert!(bytes == end, "{name}");
                    resumed += 1;
                    break;
                }
                start = Start { checkpoint: Some((state, "the file".to_owned())), values: None };
            }
        }
        assert!(resumed >= (steps as usize - 1) / every, "{}", self.name);
    }
}

fn plain() -> Run {
    Run {
        name: "sgd with momentum",
        rows: Rows::bent(3, 40, 0.1),
        network: Network::new(3).dense(8, "tanh").dense(1, "linear"),
        criterion: named("mse"),
        settings: Settings {
            batch_size: 7,
            ..settings("sgd", &[("momentum", 0.9), ("nesterov", 1.0)], 0.02, 6)
        },
        training: 30,
    }
}

fn dropped() -> Run {
    let hidden = |network: Network| network.batch_norm().activation("relu").dropout(0.3);
    let network = Network::new(4).dense(12, "linear");
    Run {
        name: "adam with batch norm and dropout",
        rows: Rows::bent(4, 60, 0.1),
        network: hidden(network).dense(1, "linear"),
        criterion: named("huber"),
        settings: Settings { batch_size: 16, patience: 4, ..settings("adam", &[], 0.05, 12) },
        training: 45,
    }
}

/// Rows that count differently, whole batches of which do not; the first column is a category.
fn weighted() -> Run {
    let mut rows = Rows::bent(3, 50, 0.1);
    rows.x.iter_mut().step_by(3).enumerate().for_each(|(row, x)| *x = (row % 5) as f64);
    let weight: Vec<f64> = (0..50).map(|row| if row % 3 == 0 { 0.0 } else { 1.5 }).collect();
    let schedule = schedules::Settings::parse("plateau:patience=1").unwrap();
    Run {
        name: "adamw with an embedding, weights and a schedule",
        rows: rows.weighted(&weight),
        network: Network::new(3).embedding(0, 5, 3).dense(6, "gelu").dense(1, "linear"),
        criterion: named("mse"),
        settings: Settings {
            batch_size: 2,
            schedule,
            warmup: Warmup::Steps(9),
            ..settings("adamw", &[("weight_decay", 0.1)], 0.3, 4)
        },
        training: 40,
    }
}

fn solved() -> Run {
    Run {
        name: "lbfgs",
        network: Network::new(3).dense(6, "tanh").dense(1, "linear"),
        settings: settings("lbfgs", &[("history", 3.0)], 1.0, 25),
        ..plain()
    }
}

/// With batch norm a solver keeps states that it updates once an iteration.
fn solved_with_states() -> Run {
    Run {
        name: "lbfgs with batch norm",
        network: Network::new(3).dense(5, "tanh").batch_norm().dense(1, "linear"),
        settings: settings("lbfgs", &[], 1.0, 15),
        ..plain()
    }
}

/// Case opt-resume-step-1 for every kind of state, and the promise of the same bits.
#[test]
fn a_run_stopped_after_any_step_goes_on_to_the_same_bits() {
    plain().check::<f32>(1);
    plain().check::<f64>(5);
    dropped().check::<f32>(1);
    weighted().check::<f32>(3);
    solved().check::<f64>(1);
    solved().check::<f32>(2);
    solved_with_states().check::<f32>(1);
    // Without validation rows the training loss decides.
    Run { training: 40, ..plain() }.check::<f32>(2);
}

#[test]
fn states_between_epochs_go_on_to_the_same_bits_too() {
    let run = dropped();
    let mut whole = Stop { wanted: Some(false), ..Stop::default() };
    let expected: Trained<f32> = run.train(Start::default(), 1, &mut whole);
    let end = whole.states.pop().unwrap().to_bytes().unwrap();
    assert!(whole.states.len() >= 4);
    for state in whole.states {
        assert_eq!(state.place(), (state.history.len() + 1, 0));
        let start = Start { checkpoint: Some((state, String::new())), values: None };
        let mut rest = Stop::default();
        let trained: Trained<f32> = run.train(start, 2, &mut rest);
        assert_eq!(trained.history, expected.history);
        assert!(rest.states.pop().unwrap().to_bytes().unwrap() == end);
    }
}

#[test]
fn states_within_an_epoch_are_kept_while_it_goes_on() {
    // Twenty steps an epoch, of which the sixteenth, thirty-second … are asked about.
    let run = weighted();
    let mut whole = Stop::default();
    let expected: Trained<f32> = run.train(Start::default(), 1, &mut whole);
    let end = whole.states.pop().unwrap().to_bytes().unwrap();
    let mut kept = Stop { wanted: Some(true), ..Stop::default() };
    let trained: Trained<f32> = run.train(Start::default(), 2, &mut kept);
    // That its state was kept has changed nothing.
    assert_eq!(trained.history, expected.history);
    assert!(kept.states.pop().unwrap().to_bytes().unwrap() == end);
    let places: Vec<(usize, usize)> = kept.states.iter().map(Checkpoint::place).collect();
    assert_eq!(places, [(1, 32), (2, 24), (3, 16), (4, 8)]);
    for state in kept.states {
        let start = Start { checkpoint: Some((state, String::new())), values: None };
        let mut rest = Stop::default();
        let trained: Trained<f32> = run.train(start, 3, &mut rest);
        assert_eq!(trained.history, expected.history);
        assert!(rest.states.pop().unwrap().to_bytes().unwrap() == end);
    }
}

#[test]
fn a_run_of_other_data_or_settings_is_refused_and_what_differs_is_said() {
    let mut stop = Stop { after: Some(7), ..Stop::default() };
    let _: Trained<f32> = plain().train(Start::default(), 1, &mut stop);
    let state = stop.states.pop().unwrap();
    let refused = |other: Run, training: usize| -> Vec<String> {
        let (training, validation) = other.rows.parts(training);
        let start = Start { checkpoint: Some((state.clone(), "c".to_owned())), values: None };
        let parts = (&training[..], &validation[..]);
        let error = other
            .rows
            .train_from::<f32>(
                &other.network,
                &other.criterion,
                &other.settings,
                parts,
                (start, &mut ()),
            )
            .unwrap_err();
        let text = error.to_string();
        match error.kind() {
            ErrorKind::OtherRun { file, differences } => {
                assert_eq!(file, "c");
                assert!(text.contains("--resume"), "{text}");
                differences.iter().map(|difference| difference.to_string()).collect()
            }
            kind => panic!("{kind:?}"),
        }
    };
    let set = |change: &dyn Fn(&mut Settings)| {
        let mut run = plain();
        change(&mut run.settings);
        run
    };
    assert_eq!(refused(set(&|s| s.seed = 5), 30), ["seed was 0 and is 5"]);
    let found = refused(set(&|s| (s.epochs, s.learning_rate) = (7, 0.5)), 30);
    assert_eq!(found, ["learning rate was 0.02 and is 0.5", "epochs was 6 and is 7"]);
    let momentum = settings("sgd", &[("momentum", 0.5)], 0.02, 6).optimizer;
    let found = refused(set(&|s| s.optimizer = momentum.clone()), 30);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("optimizer was sgd:"), "{found:?}");
    let network = Network::new(3).dense(9, "tanh").dense(1, "linear");
    assert_eq!(refused(Run { network, ..plain() }, 30), ["network is another"]);
    assert_eq!(
        refused(Run { criterion: named("mae"), ..plain() }, 30)[0],
        "loss was mse and is mae"
    );
    let mut rows = plain().rows;
    rows.x[5] += 1e-6;
    let others = "the rows, or how they are encoded or divided, are others";
    assert_eq!(refused(Run { rows, ..plain() }, 30), [others]);
    let found = refused(plain(), 29);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], "training rows was 30 and is 29");
    // Another number of threads is no difference.
    let trained: Trained<f32> = {
        let start = Start { checkpoint: Some((state.clone(), String::new())), values: None };
        set(&|s| s.threads = 3).train(start, 3, &mut Stop::default())
    };
    assert!(!trained.interrupted);
}

#[test]
fn a_run_that_came_to_its_end_is_not_gone_on_with() {
    let run = plain();
    let mut stop = Stop::default();
    let _: Trained<f32> = run.train(Start::default(), 1, &mut stop);
    let state = stop.states.pop().unwrap().without_numbers();
    let state = Checkpoint::from_bytes(&state.to_bytes().unwrap(), "c").unwrap();
    let (training, validation) = run.rows.parts(30);
    let start = Start { checkpoint: Some((state, "c".to_owned())), values: None };
    let parts = (&training[..], &validation[..]);
    let error = run
        .rows
        .train_from::<f32>(&run.network, &run.criterion, &run.settings, parts, (start, &mut ()))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::RunIsOver { epochs: 6, .. }), "{error}");
}

#[test]
fn numbers_that_are_given_are_where_it_begins() {
    let run = dropped();
    let first: Trained<f32> = run.train(Start::default(), 1, &mut Stop::default());
    let values = Some((first.parameters.clone(), first.states.clone()));
    let start = Start { values, checkpoint: None };
    let mut none = Run { settings: Settings { epochs: 0, ..run.settings.clone() }, ..dropped() };
    let same: Trained<f32> = none.train(start.clone(), 1, &mut Stop::default());
    assert_eq!((same.parameters, same.states), (first.parameters, first.states));
    // It is another run than one from the network's own.
    none.settings.epochs = 12;
    let mut stop = Stop { after: Some(2), ..Stop::default() };
    let _: Trained<f32> = none.train(start.clone(), 1, &mut stop);
    let state = stop.states.pop().unwrap();
    assert_ne!(state.identity.setting("first parameters"), Some("the network's own"));
    let wrong = Start { values: Some((vec![vec![0.0; 3]], Vec::new())), checkpoint: None };
    let (training, _) = run.rows.parts(45);
    let parts = (&training[..], &[][..]);
    let error = run
        .rows
        .train_from::<f32>(&run.network, &run.criterion, &run.settings, parts, (wrong, &mut ()))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidSetting { .. }), "{error}");
}
