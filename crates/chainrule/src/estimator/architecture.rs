//! The network of a recipe: embeddings, hidden layers, the output layer.

use serde_json::json;

use super::recipe::{Embed, Normalization, Recipe};
use crate::activations::Choice;
use crate::data::Encoders;
use crate::error::Result;
use crate::network::Network;

/// The network that the recipe asks for, on what these encoders give.
///
/// A hidden layer is linear map → normalisation → activation → dropout, and with `residual` its
/// input is added to what comes out. Without a normalisation the activation is the linear map's own.
pub(super) fn network(
    recipe: &Recipe,
    encoders: &Encoders,
    dropout: f64,
    outputs: usize,
) -> Result<Network> {
    let mut network = embedded(Network::new(encoders.width()), encoders, &recipe.embed);
    for &units in &recipe.layers {
        network = match recipe.residual {
            true => network.residual(|block| hidden(block, recipe, units, dropout)),
            false => hidden(network, recipe, units, dropout),
        };
    }
    network = dense(network, outputs, "linear", recipe.initializer.as_deref());
    network.describe()?;
    Ok(network)
}

/// Each code replaced by its vector. The last comes first, so that the places of those before it
/// are still those of the encoded row.
fn embedded(network: Network, encoders: &Encoders, asked: &[Embed]) -> Network {
    let mut column = 0;
    let mut found = Vec::new();
    for encoder in &encoders.columns {
        if let Some(codes) = encoder.encoding.codes() {
            let asked = asked.iter().find(|embed| embed.column == encoder.name);
            let units = asked.and_then(|embed| embed.units).unwrap_or(Embed::default_units(codes));
            // Without a single category all are unknown.
            found.push((column, codes.max(1), units));
        }
        column += encoder.encoding.width();
    }
    let last_first = found.into_iter().rev();
    last_first
        .fold(network, |network, (column, codes, units)| network.embedding(column, codes, units))
}

fn hidden(network: Network, recipe: &Recipe, units: usize, dropout: f64) -> Network {
    let (activation, initializer) = (recipe.activation.as_str(), recipe.initializer.as_deref());
    let network = match recipe.normalization {
        None => dense(network, units, activation, initializer),
        Some(normalization) => {
            // The weights start as suits the activation, wherever that stands; one that is not
            // known is refused by its own layer.
            let suited = Choice::parse(activation).map_or("glorot_uniform", |a| a.initializer());
            let initializer = initializer.unwrap_or(suited);
            let linear = |bias: bool| {
                json!({
                    "units": units,
                    "activation": "linear",
                    "initializer": initializer,
                    "bias": bias,
                })
            };
            let normal = match normalization {
                Normalization::Batch => network.named("dense", linear(false)).batch_norm(),
                Normalization::Layer => network.named("dense", linear(true)).layer_norm(),
            };
            normal.activation(activation)
        }
    };
    match dropout {
        0.0 => network,
        rate => network.dropout(rate),
    }
}

fn dense(network: Network, units: usize, activation: &str, initializer: Option<&str>) -> Network {
    match initializer {
        None => network.dense(units, activation),
        Some(initializer) => {
            let settings =
                json!({ "units": units, "activation": activation, "initializer": initializer });
            network.named("dense", settings)
        }
    }
}
