//! Going on with a finished model: what it needs of a plan, and what it gives.

use serde_json::Value;

use super::Plan;
use crate::data::{ColumnSchema, Role, Schema, TargetEncoder};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Inputs, Model};
use crate::network::Network;
use crate::train::Start;

impl Plan {
    /// The same training from the numbers of a finished model, whose encoders it takes too: its
    /// weights are of columns encoded by those. `file` is the model's name for the errors.
    ///
    /// # Errors
    /// [`ErrorKind::OtherModel`] if the model is of other columns, another target, or other layers.
    pub fn starting_from(self, model: &Model, file: &str) -> Result<(Self, Start)> {
        let refused = |detail: String| -> Error {
            ErrorKind::OtherModel { file: file.to_owned(), detail }.into()
        };
        let Inputs::Table { schema, encoders } = &model.inputs else {
            return Err(refused("it takes rows of numbers, no table".to_owned()));
        };
        if let Some(difference) = other_column(schema, &self.schema) {
            return Err(refused(difference));
        }
        if let Some(difference) = other_target(&model.target, &self.encoded_target) {
            return Err(refused(difference));
        }
        let layers = [layers(&model.network), layers(&self.network)];
        if layers[0] != layers[1] {
            let [then, now] = layers.map(|layers| layers.join(" → "));
            return Err(refused(match then == now {
                true => "its layers have other settings".to_owned(),
                false => format!("its layers are {then}, where {now} is asked for"),
            }));
        }
        let values = Some((model.parameters.clone(), model.states.clone()));
        let plan = Self {
            schema: schema.clone(),
            encoders: encoders.clone(),
            network: model.network.clone(),
            loss: self.loss.in_units(model.target.units()),
            encoded_target: model.target.clone(),
            ..self
        };
        Ok((plan, Start { values, checkpoint: None }))
    }
}

/// The first difference of two schemas in what training uses.
fn other_column(then: &Schema, now: &Schema) -> Option<String> {
    let used = |schema: &'_ Schema| -> Vec<ColumnSchema> {
        schema.columns.iter().filter(|column| column.role != Role::Unused).cloned().collect()
    };
    let (then, now) = (used(then), used(now));
    let find = |columns: &[ColumnSchema], name: &str| -> Option<ColumnSchema> {
        columns.iter().find(|column| column.name == name).cloned()
    };
    for column in &then {
        let ColumnSchema { name, kind, role, .. } = column;
        match find(&now, name) {
            None => return Some(format!("the column {name:?} is not in the table")),
            Some(found) if found.kind != *kind => {
                let (then, now) = (kind.plural(), found.kind.plural());
                return Some(format!("its column {name:?} holds {then}, and now {now}"));
            }
            Some(found) if found.role != *role => {
                return Some(format!("its column {name:?} has another role"));
            }
            Some(_) => {}
        }
    }
    let more = now.iter().find(|column| find(&then, &column.name).is_none());
    more.map(|column| format!("it does not know the column {:?}", column.name))
}

/// In what two targets differ, if a network for the one cannot serve the other.
fn other_target(then: &TargetEncoder, now: &TargetEncoder) -> Option<String> {
    let alike = match (then, now) {
        (TargetEncoder::Regression { outputs }, TargetEncoder::Regression { outputs: others }) => {
            let all = outputs.iter().zip(others);
            outputs.len() == others.len()
                && all.into_iter().all(|(a, b)| (&a.column, a.link) == (&b.column, b.link))
        }
        (TargetEncoder::Classes { labels, .. }, TargetEncoder::Classes { labels: others, .. }) => {
            // Fewer labels than it knows are no harm.
            others.iter().all(|label| labels.contains(label))
        }
        (TargetEncoder::Multilabel { outputs }, TargetEncoder::Multilabel { outputs: others }) => {
            outputs == others
        }
        _ => false,
    };
    (!alike).then(|| "its target has another meaning or other labels".to_owned())
}

/// The layers with their settings; how many categories a column has is the model's to say.
fn layers(network: &Network) -> Vec<String> {
    let described = network.to_json();
    let layers = described["layers"].as_array().cloned().unwrap_or_default();
    let text = |mut layer: Value| {
        if let Some(settings) = layer["settings"].as_object_mut() {
            settings.remove("levels");
            settings.remove("column");
        }
        layer.to_string()
    };
    layers.into_iter().map(text).collect()
}
