//! Networks of each layer learn, and what is special about each in training holds.

use chainrule::train::{Settings, Trained};
use chainrule::{ErrorKind, Network};
use chainrule_core::random::Stream;

use crate::gradients::{networks, rows};
use crate::sample::{Rows, assert_near, named, settings};

/// Targets that depend on every number of a row, the code included.
fn bent(count: usize) -> Rows {
    let x = rows(count);
    let of_code = [2.0, -1.0, 0.5, -2.0, 1.0];
    let y = x.chunks(5).flat_map(|x| {
        let code = of_code[x[2] as usize];
        [code + x[0] * x[0] / 2.0 - x[1], code * x[0] + 0.3 * x[3] + x[4]]
    });
    Rows { y: y.collect(), x, width: 5, targets: 2, ..Rows::default() }
}

#[test]
fn networks_of_each_layer_learn() {
    let rows = bent(300);
    for (name, network) in networks() {
        let settings = Settings { batch_size: 32, ..settings("adam", &[], 0.02, 60) };
        let all = rows.all();
        let trained: Trained<f32> =
            rows.train_parts(&network, &named("mse"), &settings, (&all, &all), &mut ()).unwrap();
        let (first, last) = (trained.history[0].training_loss, trained.history[59].training_loss);
        assert!(last < first / 2.0, "{name}: {first} {last}");
        // Prediction is as good as training: the running values have come to what batches have.
        let best = trained.history[trained.best_epoch - 1].validation_loss.unwrap();
        assert!(best < 1.5 * last, "{name}: {best} {last}");
        assert_eq!(trained.states.len(), network.build(true).unwrap().states.len());
    }
}

/// Case train-bn-batch1-1 (from "Public troubles of people who train neural networks, as small
/// checks"): of 9 rows in batches of 4 the last batch has one, which leaves the running values as
/// they are; nothing becomes NaN.
#[test]
fn a_last_batch_of_one_row_keeps_the_running_values_finite() {
    let rows = Rows::bent(2, 9, 0.1);
    for network in [
        Network::new(2).dense(4, "linear").batch_norm().activation("relu").dense(1, "linear"),
        Network::new(2).batch_norm().dense(1, "linear"),
    ] {
        for epochs in [2, 40] {
            let settings = Settings { batch_size: 4, ..settings("sgd", &[], 0.05, epochs) };
            let all = rows.all();
            let trained: Trained<f32> = rows
                .train_parts(&network, &named("mse"), &settings, (&all, &all), &mut ())
                .unwrap();
            assert_eq!(trained.history.len(), epochs);
            let numbers = trained.states.iter().chain(&trained.parameters).flatten();
            assert!(numbers.clone().all(|value| value.is_finite()));
            assert!(trained.states[1].iter().all(|variance| *variance > 0.0));
            let losses = trained.history.iter().map(|epoch| epoch.training_loss);
            assert!(losses.clone().all(f64::is_finite));
        }
    }
}

#[test]
fn batches_of_one_row_are_refused_before_training_if_rows_are_normalised_over() {
    let rows = Rows::bent(2, 9, 0.1);
    let over_rows = Network::new(2).residual(|block| block.batch_norm()).dense(1, "linear");
    let alone = Network::new(2).layer_norm().dense(1, "linear");
    let one = Settings { batch_size: 1, ..settings("sgd", &[], 0.05, 2) };
    let refused = |rows: &[u32], settings: &Settings| {
        let parts = (rows, &[][..]);
        let data = Rows::bent(2, 9, 0.1);
        let result = data.train_parts::<f32>(&over_rows, &named("mse"), settings, parts, &mut ());
        let error = result.map(|trained| trained.history).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidSetting { .. }), "{error}");
        assert!(error.to_string().contains("layer_norm"), "{error}");
    };
    refused(&rows.all(), &one);
    refused(&[3], &settings("sgd", &[], 0.05, 2));
    assert!(rows.train::<f32>(&alone, &named("mse"), &one).is_ok());
}

/// Rows of weight 0 are as good as absent, from the running values too.
#[test]
fn rows_that_do_not_count_do_not_touch_a_batch_norm() {
    let rows = Rows::bent(2, 8, 0.3);
    let mut other = rows.weighted(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    other.x[12..].fill(1e4);
    other.y[6..].fill(-1e6);
    let network = Network::new(2).batch_norm().dense(5, "tanh").dense(1, "linear");
    for (name, given) in [("sgd", &[("momentum", 0.9)][..]), ("adam", &[])] {
        let settings = settings(name, given, 0.02, 40);
        let counted: Vec<u32> = (0..6).collect();
        let parts = (&counted[..], &[][..]);
        let alone: Trained<f64> =
            rows.train_parts(&network, &named("mse"), &settings, parts, &mut ()).unwrap();
        let among: Trained<f64> = other.train(&network, &named("mse"), &settings).unwrap();
        for (a, b) in [(&alone.parameters, &among.parameters), (&alone.states, &among.states)] {
            let pairs = a.iter().flatten().zip(b.iter().flatten());
            pairs.for_each(|(a, b)| assert_near(*a, *b, 1e-9));
        }
    }
}

/// Batches in which no row counts, or one, are steps that leave the running values.
#[test]
fn batches_without_rows_that_count_train_on() {
    let rows = Rows::bent(2, 12, 0.3);
    let mut weight = [0.0; 12];
    weight[..5].fill(1.0);
    let network = Network::new(2).batch_norm().dense(4, "tanh").dense(1, "linear");
    for batch_size in [2, 3] {
        let settings = Settings { batch_size, ..settings("adam", &[], 0.01, 20) };
        let trained: Trained<f64> =
            rows.weighted(&weight).train(&network, &named("mse"), &settings).unwrap();
        let numbers = trained.states.iter().chain(&trained.parameters).flatten();
        assert!(numbers.clone().all(|value| value.is_finite()));
        let losses = trained.history.iter().map(|epoch| epoch.training_loss);
        assert!(losses.clone().all(f64::is_finite));
    }
}

/// 30 categories with a level each, which no number of the code tells: a vector each learns it.
#[test]
fn an_embedding_learns_a_level_for_each_code() {
    let mut stream = Stream::new(8, 8);
    let levels: Vec<f64> = (0..31).map(|_| stream.normal()).collect();
    let codes: Vec<f64> = (0..600).map(|_| stream.below(31) as f64).collect();
    let y: Vec<f64> = codes.iter().map(|&code| levels[code as usize]).collect();
    let rows = Rows::new(1, &codes, &y);
    let settings = Settings { batch_size: 30, ..settings("adam", &[], 0.02, 60) };
    let train = |network: &Network| -> f64 {
        let trained: Trained<f32> = rows.train(network, &named("mse"), &settings).unwrap();
        trained.history.last().unwrap().training_loss
    };
    // The last of the 31 is none of the codes: its vector is the one that unknown codes share.
    let embedded = train(&Network::new(1).embedding(0, 30, 4).dense(1, "linear"));
    let plain = train(&Network::new(1).dense(4, "relu").dense(1, "linear"));
    assert!(embedded < 1e-3, "{embedded}");
    assert!(plain > 0.3, "{plain}");
}

/// Twenty layers of sigmoid: the gradient hardly comes through, unless each adds its input.
#[test]
fn residual_blocks_let_a_deep_network_learn() {
    let rows = Rows::bent(3, 200, 0.0);
    let settings = Settings { batch_size: 20, ..settings("adam", &[], 0.003, 60) };
    let train = |network: &Network| -> f64 {
        let trained: Trained<f32> = rows.train(network, &named("mse"), &settings).unwrap();
        trained.history.last().unwrap().training_loss
    };
    let deep = |layer: fn(Network) -> Network| {
        (0..20).fold(Network::new(3), |network, _| layer(network)).dense(1, "linear")
    };
    let plain = train(&deep(|network| network.dense(6, "sigmoid")));
    let residual = train(&deep(|network| network.residual(|block| block.dense(6, "sigmoid"))));
    assert!(residual < plain / 2.0, "{plain} {residual}");
}
