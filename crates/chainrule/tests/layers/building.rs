//! What a network is built from: names that are its own, settings that are checked, and errors that
//! say which of them is wrong.

use chainrule::layers::{Builder, LAYERS, Layer, layer};
use chainrule::{ErrorKind, Expr, Network, Shape};
use serde_json::{Value, json};

#[test]
fn the_table_speaks_both_languages_and_each_row_makes_its_layer() {
    let given = |name: &str| match name {
        "dense" => json!({ "units": 3, "activation": "relu" }),
        "activation" => json!({ "activation": "tanh" }),
        "dropout" => json!({ "rate": 0.5 }),
        "embedding" => json!({ "column": 0, "levels": 4, "units": 2 }),
        "residual" => json!({ "layers": [{ "layer": "layer_norm" }] }),
        _ => json!({}),
    };
    for kind in LAYERS {
        let mut texts = vec![kind.about];
        texts.extend(kind.settings.iter().map(|setting| setting.about));
        for text in texts {
            assert!(text.english.ends_with('.') && text.korean.ends_with('.'), "{text:?}");
            assert!(text.korean.chars().any(|c| ('가'..='힣').contains(&c)), "{text:?}");
        }
        let settings = given(kind.name);
        let made = layer(kind.name, &settings).unwrap();
        assert_eq!(made.name(), kind.name);
        // What it says of itself makes it again, and names every setting.
        let again = layer(kind.name, &made.settings()).unwrap();
        assert_eq!(again.settings(), made.settings());
        assert_eq!(again.title(), made.title());
        for setting in kind.settings {
            assert!(!made.settings()[setting.name].is_null(), "{} {}", kind.name, setting.name);
            // One without a default must be given.
            if let (None, Value::Object(mut less)) = (setting.default, settings.clone()) {
                less.remove(setting.name);
                let error = layer(kind.name, &less.into()).unwrap_err().to_string();
                assert!(error.contains(setting.name) && error.contains("missing"), "{error}");
            }
        }
        let error = layer(kind.name, &json!({ "colour": "red" })).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownName { .. }), "{error}");
    }
}

#[test]
fn defaults_are_those_that_the_table_names() {
    for kind in LAYERS {
        let Ok(made) = layer(kind.name, &json!({})) else { continue };
        for setting in kind.settings {
            let default: f64 = setting.default.unwrap().parse().unwrap();
            assert_eq!(made.settings()[setting.name], json!(default), "{}", kind.name);
        }
    }
}

#[test]
fn settings_out_of_their_range_are_refused_by_name() {
    let dense = |units: Value| ("dense", json!({ "units": units, "activation": "relu" }));
    let nested = |depth: usize| {
        (0..depth).fold(
            json!([]),
            |inner, _| json!([{ "layer": "residual", "settings": { "layers": inner } }]),
        )
    };
    assert!(layer("residual", &json!({ "layers": nested(16) })).is_ok());
    let wrong = [
        ("units", dense(json!(0))),
        ("units", dense(json!(-1))),
        ("units", dense(json!(1.5))),
        ("units", dense(json!("3"))),
        ("units", dense(json!(1e300))),
        ("activation", ("dense", json!({ "units": 1, "activation": 3 }))),
        ("tanh", ("dense", json!({ "units": 1, "activation": "tahn" }))),
        ("initializer", ("dense", json!({ "units": 1, "activation": "tanh", "initializer": 1 }))),
        ("ones", ("dense", json!({ "units": 1, "activation": "tanh", "initializer": "onse" }))),
        (
            "gain",
            (
                "dense",
                json!({ "units": 1, "activation": "tanh", "initializer": "orthogonal:gian=1" }),
            ),
        ),
        ("bias", ("dense", json!({ "units": 1, "activation": "tanh", "bias": 1 }))),
        ("rate", ("dropout", json!({ "rate": "0.5" }))),
        ("dropout", ("dropout", json!({ "rate": 1 }))),
        ("momentum", ("batch_norm", json!({ "momentum": 1.5 }))),
        ("momentum", ("batch_norm", json!({ "momentum": -0.1 }))),
        ("momentum", ("batch_norm", json!({ "momentum": "fast" }))),
        ("epsilon", ("batch_norm", json!({ "epsilon": 0 }))),
        ("epsilon", ("layer_norm", json!({ "epsilon": -1e-5 }))),
        ("levels", ("embedding", json!({ "column": 0, "levels": 0, "units": 1 }))),
        ("levels", ("embedding", json!({ "column": 0, "levels": 1u64 << 60, "units": 1 }))),
        ("units", ("embedding", json!({ "column": 0, "levels": 1, "units": 0 }))),
        ("column", ("embedding", json!({ "column": -1, "levels": 1, "units": 1 }))),
        ("layers", ("residual", json!({ "layers": {} }))),
        ("layers", ("residual", json!({ "layers": [3] }))),
        ("dropout", ("residual", json!({ "layers": [{ "layer": "dorpout" }] }))),
        ("one in the other", ("residual", json!({ "layers": nested(17) }))),
        ("one in the other", ("residual", json!({ "layers": nested(40) }))),
    ];
    for (word, (name, settings)) in wrong {
        let error = layer(name, &settings).map(|layer| layer.settings()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(word), "{name} {settings}: {text}");
        assert!(text.len() < 500, "{text}");
    }
    // A value that is long is not said in full.
    let long = layer("dropout", &json!({ "rate": "0".repeat(1 << 20) })).unwrap_err();
    assert!(long.to_string().len() < 500);
    let long = layer("dropout", &json!({ "x".repeat(1 << 20): 1 })).unwrap_err();
    assert!(long.to_string().len() < 500);
}

#[test]
fn names_stand_for_one_parameter_each_and_stay() {
    let network = || {
        Network::new(3)
            .residual(|block| block.dense(3, "prelu").batch_norm())
            .residual(|block| block.residual(|inner| inner.dense(4, "prelu")).layer_norm())
            .dense(1, "linear")
    };
    let built = network().build(true).unwrap();
    let parameters: Vec<&str> = built.parameters.iter().map(|p| p.name.as_str()).collect();
    let expected = [
        "0.0.weight",
        "0.0.bias",
        "0.0.a",
        "0.1.scale",
        "0.1.shift",
        "1.0.0.weight",
        "1.0.0.bias",
        "1.0.0.a",
        "1.0.projection",
        "1.1.scale",
        "1.1.shift",
        "1.projection",
        "2.weight",
        "2.bias",
    ];
    assert_eq!(parameters, expected);
    let states: Vec<&str> = built.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(states, ["0.1.mean", "0.1.variance"]);
    // Written and read, for training or not, they are the same, and start alike.
    let again = Network::from_json(&network().to_json()).unwrap();
    assert_eq!(again.to_json(), network().to_json());
    for training in [true, false] {
        let built_again = again.build(training).unwrap();
        let names = built_again.parameters.iter().map(|p| p.name.as_str());
        assert!(names.eq(expected));
        assert_eq!(built_again.initial_parameters(7), built.initial_parameters(7));
    }
    let described = network().describe().unwrap();
    assert_eq!(described[0].name, "x + (dense 3 prelu → batch_norm)");
    assert_eq!(described.iter().map(|layer| layer.parameters).collect::<Vec<_>>(), [19, 49, 5]);
}

#[derive(Debug)]
struct Odd(fn(&mut Builder, &Expr) -> Expr);

impl Layer for Odd {
    fn name(&self) -> &str {
        "odd"
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        (self.0)(builder, input)
    }
}

/// An update that would be lost without a word is an error, in prediction as in training.
#[test]
fn an_update_of_no_state_of_the_layer_is_refused() {
    let stated = |builder: &mut Builder, x: &Expr| {
        builder.state("mean", &x.shape().dims, 0.0);
        builder.update("maen", Expr::constant(1.0).broadcast(&Shape::shared(&[2])));
        x.clone()
    };
    // The state of another layer is none of this one's.
    let of_another = |builder: &mut Builder, x: &Expr| {
        builder.update("mean", Expr::constant(1.0).broadcast(&Shape::shared(&[2])));
        x.clone()
    };
    for training in [true, false] {
        let error = Network::new(2).layer(Odd(stated)).build(training).unwrap_err();
        let ErrorKind::UnknownName { name, nearest, .. } = error.kind() else { panic!("{error}") };
        assert_eq!((name.as_str(), nearest.as_deref()), ("maen", Some("mean")));
        let network = Network::new(2).batch_norm().layer(Odd(of_another));
        let error = network.build(training).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownName { .. }), "{error}");
        assert!(network.describe().is_err());
    }
    let shapes: [fn(&mut Builder, &Expr) -> Expr; 3] = [
        |builder, x| {
            builder.state("mean", &[2], 0.0);
            builder.update("mean", x.clone());
            x.clone()
        },
        |builder, x| {
            builder.state("mean", &[2], 0.0);
            builder.update("mean", Expr::constant(1.0));
            x.clone()
        },
        |builder, x| {
            builder.state("mean", &[2], 0.0);
            builder.update("mean", x.clone().sum(7));
            x.clone()
        },
    ];
    for shape in shapes {
        let error = Network::new(2).layer(Odd(shape)).build(true).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Expression(_)), "{error}");
    }
}

#[test]
fn the_initializer_that_a_file_names_is_the_one_that_is_used() {
    let dense = |initializer: Value| {
        let settings = json!({ "units": 3, "activation": "relu", "initializer": initializer });
        let network = Network::from_json(&json!({
            "inputs": 2, "layers": [{ "layer": "dense", "settings": settings }],
        }));
        network.unwrap().build(false).unwrap().initial_parameters(5).remove(0)
    };
    assert_eq!(dense(json!("constant:value=0.25")), [0.25; 6]);
    assert_eq!(dense(json!("zeros")), [0.0; 6]);
    assert_ne!(dense(json!("glorot_uniform")), dense(json!("he_uniform")));
    // Without one it is what suits the activation.
    assert_eq!(dense(json!(null)), dense(json!("he_uniform")));
    let suited = |activation: &str| {
        let built = Network::new(2).dense(3, activation).build(false).unwrap();
        built.parameters[0].initializer.to_string()
    };
    for (activation, initializer) in [
        ("relu", "he_uniform"),
        ("leaky_relu", "he_uniform"),
        ("prelu", "he_uniform"),
        ("gelu", "he_uniform"),
        ("silu", "he_uniform"),
        ("selu", "lecun_normal"),
        ("tanh", "glorot_uniform"),
        ("sigmoid", "glorot_uniform"),
        ("softplus", "glorot_uniform"),
        ("linear", "glorot_uniform"),
        ("x*sigmoid(1.5*x)", "glorot_uniform"),
    ] {
        assert_eq!(suited(activation), initializer, "{activation}");
    }
}

/// A bound keeps a small file from building a large graph.
#[test]
fn a_network_of_too_many_layers_is_refused() {
    let many = |count: usize| (0..count).fold(Network::new(1), |network, _| network.dropout(0.0));
    assert!(many(4096).build(true).is_ok());
    let error = many(4097).build(true).unwrap_err();
    assert!(error.to_string().contains("4096"), "{error}");
    assert!(many(4097).describe().is_err());
    let inside = Network::new(1).residual(|_| many(4096));
    assert!(inside.build(true).is_err());
}
