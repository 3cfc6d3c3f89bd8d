//! The activations in a model's file: each is written, by its operator where ONNX has one.

use chainrule::activations::{ACTIVATIONS, Activation};
use chainrule::data::{ScaledTarget, TargetEncoder};
use chainrule::io::protobuf::decode;
use chainrule::layers::{Builder, Layer};
use chainrule::model::{Inputs, Model, Summary};
use chainrule::{Expr, Network};

/// An activation alone, or of more arguments than it needs.
#[derive(Debug)]
struct Applied(&'static Activation, &'static [f64]);

impl Layer for Applied {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn build(&self, builder: &mut Builder, input: &Expr) -> Expr {
        let learned = self.0.learned.iter().map(|(name, _)| builder.parameter(name, &[], "ones"));
        let given = self.1.iter().map(|&value| Expr::constant(value));
        self.0.apply_with(input, &learned.chain(given).collect::<Vec<_>>())
    }
}

/// The operators of the file of a network of one layer.
fn operators(layer: Applied) -> Vec<String> {
    let network = Network::new(3).layer(layer);
    let parameters = network.build(false).unwrap().parameters.len();
    let output = |place: usize| ScaledTarget {
        column: place.to_string(),
        mean: 0.0,
        std: 1.0,
        link: chainrule::data::Link::Identity,
    };
    let model = Model {
        inputs: Inputs::Array { width: 3 },
        network,
        target: TargetEncoder::Regression { outputs: (0..3).map(output).collect() },
        parameters: vec![vec![0.25]; parameters],
        states: Vec::new(),
        summary: Summary {
            version: String::new(),
            explanation: String::new(),
            loss: String::new(),
            optimizer: String::new(),
            learning_rate: 0.0,
            batch_size: 1,
            seed: 0,
            training_rows: 0,
            validation_rows: 0,
            epochs: 0,
            best_epoch: 0,
            validation: Vec::new(),
            ended: None,
        },
    };
    let file = decode(&model.to_bytes().unwrap()).unwrap();
    file.graph.unwrap().node.into_iter().map(|node| node.op_type).collect()
}

#[test]
fn every_activation_is_written_and_by_its_operator_if_there_is_one() {
    let known = [
        ("relu", "Relu"),
        ("softmax", "Softmax"),
        ("log_softmax", "LogSoftmax"),
        ("leaky_relu", "LeakyRelu"),
        ("prelu", "PRelu"),
        ("elu", "Elu"),
        ("selu", "Selu"),
        ("gelu", "Erf"),
        ("softsign", "Softsign"),
        ("hard_sigmoid", "HardSigmoid"),
        ("hard_swish", "HardSwish"),
    ];
    for activation in ACTIVATIONS {
        let written = operators(Applied(activation, &[]));
        if let Some((name, operator)) = known.iter().find(|(name, _)| *name == activation.name()) {
            assert!(written.iter().any(|written| written == operator), "{name}: {written:?}");
            assert!(!written.iter().any(|written| written == "Where"), "{name}: {written:?}");
        }
    }
}

#[test]
fn an_argument_that_is_given_stands_in_the_file() {
    let leaky = chainrule::activations::activation("leaky_relu").unwrap();
    assert_eq!(operators(Applied(leaky, &[0.2]))[0], "LeakyRelu");
    let linear = chainrule::activations::activation("linear").unwrap();
    assert_eq!(operators(Applied(linear, &[2.0, 1.0]))[..2], ["Mul", "Add"]);
}
