//! Models of every layer in a file: the same bytes, the same predictions to the bit; and files that
//! lie about their layers.

use chainrule::estimator::{Embed, Normalization, Plan, Recipe};
use chainrule::io::protobuf::{ModelProto, decode, encode};
use chainrule::{ErrorKind, Model};
use serde_json::{Value, json};

use crate::tabular::{bits, fit, houses_without, quick, table};

/// A recipe for each thing that a network may have, and one for all.
fn recipes() -> Vec<(&'static str, Recipe)> {
    let town = vec![Embed { column: "town".to_owned(), units: Some(3) }];
    let (batch, layer) = (Some(Normalization::Batch), Some(Normalization::Layer));
    vec![
        ("batch_norm", Recipe { normalization: batch, ..quick() }),
        ("layer_norm", Recipe { normalization: layer, ..quick() }),
        ("residual", Recipe { residual: true, layers: vec![6, 6], ..quick() }),
        ("embed", Recipe { embed: town.clone(), ..quick() }),
        ("prelu", Recipe { activation: "prelu".to_owned(), ..quick() }),
        ("initializer", Recipe { initializer: Some("orthogonal:gain=1.5".to_owned()), ..quick() }),
        (
            "all",
            Recipe {
                normalization: batch,
                residual: true,
                embed: town,
                activation: "x*sigmoid(1.5*x)".to_owned(),
                initializer: Some("lecun_normal".to_owned()),
                layers: vec![8, 5],
                ..quick()
            },
        ),
    ]
}

fn text() -> String {
    houses_without(80, &["rent", "kind", "sold", "let"])
}

#[test]
fn models_are_read_back_as_they_were() {
    let table = table(&text());
    for (name, recipe) in recipes() {
        let model = fit(&table, &["price"], &recipe).unwrap().model;
        let bytes = model.to_bytes().unwrap();
        let again = Model::load(&bytes).unwrap();
        assert_eq!(again.network.to_json(), model.network.to_json(), "{name}");
        assert_eq!(again.inputs, model.inputs, "{name}");
        let same = |a: &[Vec<f32>], b: &[Vec<f32>]| {
            let bits = |lists: &[Vec<f32>]| -> Vec<u32> {
                lists.iter().flatten().map(|x| x.to_bits()).collect()
            };
            bits(a) == bits(b)
        };
        assert!(same(&again.parameters, &model.parameters), "{name}");
        assert!(same(&again.states, &model.states), "{name}");
        assert!(again.to_bytes().unwrap() == bytes, "{name}");
        let expected = model.predict(&table, 1).unwrap();
        assert!(expected.iter().all(|p| p.is_finite()), "{name}");
        for threads in [1, 3] {
            assert_eq!(bits(&again.predict(&table, threads).unwrap()), bits(&expected), "{name}");
        }
        // The same again, from the data.
        let twice = fit(&table, &["price"], &recipe).unwrap().model;
        assert!(twice.to_bytes().unwrap() == bytes, "{name}");
        let threads = Recipe { threads: 3, ..recipe };
        let three = fit(&table, &["price"], &threads).unwrap().model;
        assert!(three.to_bytes().unwrap() == bytes, "{name}");
    }
}

/// The layers of a plan.
fn layers(recipe: &Recipe) -> Value {
    let plan = Plan::new(&table(&text()), &["price"], recipe).unwrap();
    plan.network.to_json()["layers"].clone()
}

#[test]
fn a_recipe_without_them_has_the_network_it_always_had() {
    let usual = Recipe { layers: vec![6, 4], ..Recipe::default() };
    let dense = |units: usize, activation: &str| json!({ "layer": "dense", "settings": { "units": units, "activation": activation } });
    let dropout = json!({ "layer": "dropout", "settings": { "rate": 0.3 } });
    let expected =
        json!([dense(6, "relu"), dropout, dense(4, "relu"), dropout, dense(1, "linear")]);
    assert_eq!(layers(&usual), expected);
}

#[test]
fn a_hidden_layer_is_linear_norm_activation_dropout() {
    let normal = Recipe { normalization: Some(Normalization::Batch), ..quick() };
    // A bias would be taken away again by the mean.
    let linear = json!({
        "units": 6, "activation": "linear", "initializer": "he_uniform", "bias": false,
    });
    let hidden = [
        json!({ "layer": "dense", "settings": linear }),
        json!({ "layer": "batch_norm", "settings": {} }),
        json!({ "layer": "activation", "settings": { "activation": "relu" } }),
        json!({ "layer": "dropout", "settings": { "rate": 0.3 } }),
    ];
    let output = json!({ "layer": "dense", "settings": { "units": 1, "activation": "linear" } });
    let expected: Vec<Value> = hidden.iter().cloned().chain([output.clone()]).collect();
    assert_eq!(layers(&normal), json!(expected));
    let residual = Recipe { residual: true, ..normal };
    let block = json!({ "layer": "residual", "settings": { "layers": hidden } });
    assert_eq!(layers(&residual), json!([block, output]));
    // An initializer holds for every weight.
    let orthogonal = Recipe { initializer: Some("orthogonal".to_owned()), ..quick() };
    for place in [0, 2] {
        assert_eq!(layers(&orthogonal)[place]["settings"]["initializer"], json!("orthogonal"));
    }
}

#[test]
fn a_recipe_of_layers_that_cannot_be_is_refused_before_training() {
    let table = table(&text());
    let embed = |column: &str| vec![Embed { column: column.to_owned(), units: None }];
    let wide = vec![Embed { column: "town".to_owned(), units: Some(usize::MAX) }];
    let recipes = [
        Recipe { initializer: Some("orthogonol".to_owned()), ..quick() },
        Recipe { initializer: Some("orthogonal:gain=-1".to_owned()), ..quick() },
        Recipe { initializer: Some("zeros:gain=1".to_owned()), ..quick() },
        Recipe { embed: embed("size"), ..quick() },
        Recipe { embed: embed("price"), ..quick() },
        Recipe { embed: embed("twon"), ..quick() },
        Recipe { embed: wide, ..quick() },
        Recipe {
            normalization: Some(Normalization::Layer),
            activation: "rellu".to_owned(),
            ..quick()
        },
    ];
    for recipe in recipes {
        assert!(Plan::new(&table, &["price"], &recipe).is_err(), "{recipe:?}");
    }
    let one = Recipe { normalization: Some(Normalization::Batch), batch_size: Some(1), ..quick() };
    let error = fit(&table, &["price"], &one).unwrap_err();
    assert!(error.to_string().contains("batch size"), "{error}");
}

fn with_layers(proto: &ModelProto, change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut proto = proto.clone();
    let mut description: Value = serde_json::from_str(&proto.metadata_props[0].value).unwrap();
    change(&mut description["network"]["layers"]);
    proto.metadata_props[0].value = description.to_string();
    encode(&proto)
}

/// Settings of layers that are huge, negative, missing or nested without end: an error, or a model
/// that works, and never a panic.
#[test]
fn layers_that_lie_are_refused() {
    let table = table(&text());
    let model = fit(&table, &["price"], &recipes().pop().unwrap().1).unwrap().model;
    let proto = decode(&model.to_bytes().unwrap()).unwrap();
    assert!(Model::load(&with_layers(&proto, |_| {})).is_ok());
    let refused = |change: &dyn Fn(&mut Value)| {
        let bytes = with_layers(&proto, change);
        let Err(error) = Model::load(&bytes) else { panic!("{}", String::from_utf8_lossy(&bytes)) };
        let known = matches!(
            error.kind(),
            ErrorKind::NotAModel { .. }
                | ErrorKind::UnknownName { .. }
                | ErrorKind::InvalidSetting { .. }
                | ErrorKind::Expression(_)
        );
        assert!(known && error.to_string().len() < 2000, "{error}");
    };
    // Layer 0 is the embedding, 1 and 2 are residual blocks, 3 is the output.
    for size in [0, 1 << 24, 1 << 40, u64::MAX] {
        for setting in ["units", "levels", "column"] {
            refused(&|layers| {
                // Column 0 exists; it is another column's number.
                let size = if setting == "column" { size.max(1 << 20) } else { size };
                layers[0]["settings"][setting] = json!(size);
            });
        }
        refused(&|layers| layers[1]["settings"]["layers"][0]["settings"]["units"] = json!(size));
    }
    for odd in [json!(null), json!(-1), json!("3"), json!([]), json!({}), json!(1.5)] {
        refused(&|layers| layers[0]["settings"]["units"] = odd.clone());
        refused(&|layers| layers[1]["settings"]["layers"] = odd.clone());
        refused(&|layers| {
            let epsilon = &mut layers[1]["settings"]["layers"][1]["settings"]["epsilon"];
            *epsilon = if odd.is_number() { json!(-1) } else { json!("x") };
        });
    }
    // A block in a block in a block: as many as JSON may hold, and as a list.
    for depth in [16, 30] {
        refused(&|layers| {
            for _ in 0..depth {
                let inner = layers[1].take();
                layers[1] = json!({ "layer": "residual", "settings": { "layers": [inner] } });
            }
        });
    }
    for count in [10, 5000] {
        let norm = json!({ "layer": "batch_norm", "settings": {} });
        refused(&|layers| layers[1]["settings"]["layers"] = json!(vec![norm.clone(); count]));
    }
}
