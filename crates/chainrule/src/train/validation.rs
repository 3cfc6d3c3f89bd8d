//! The validation rows: their loss and outputs, by the network as it predicts.

use chainrule_core::{Expr, Shape};

use super::{Data, Learner, names, set};
use crate::criterion::Criterion;
use crate::engine::{Engine, Number, Options, Selection, compile};
use crate::error::Result;
use crate::network::Network;

/// The compiled prediction and its loss.
pub(super) struct Validation<'a, T> {
    data: Data<'a>,
    criterion: &'a Criterion,
    engine: Engine<T>,
    outputs: Vec<T>,
    losses: Vec<T>,
}

impl<'a, T: Number> Validation<'a, T> {
    pub(super) fn new(
        network: &Network,
        criterion: &'a Criterion,
        data: Data<'a>,
        options: Options,
    ) -> Result<Self> {
        let built = network.build(false)?;
        let width = data.source.find("y").map_or(1, |(_, width)| width);
        let target = Expr::input("y", Shape::rows(&[width]));
        let loss = criterion.per_row(&target, &built.output);
        let mut engine = Engine::new(compile(&[built.output.clone(), loss], &[])?, options);
        for state in &built.states {
            let elements = state.dims.iter().product();
            set(&mut engine, &state.name, &vec![state.initial; elements])?;
        }
        let rows = data.validation.len();
        let elements = built.output.shape().elements();
        let (outputs, losses) = (vec![T::ZERO; rows * elements], vec![T::ZERO; rows]);
        Ok(Self { data, criterion, engine, outputs, losses })
    }

    /// The validation rows' loss and the network's outputs for them, as it has been trained so far.
    pub(super) fn run(&mut self, learner: &dyn Learner<T>) -> Result<(Option<f64>, Vec<f64>)> {
        let rows = self.data.validation;
        if rows.is_empty() {
            return Ok((None, Vec::new()));
        }
        for name in names(learner.built()) {
            let (Some(values), Some(input)) =
                (learner.values(name), self.engine.program().input(name))
            else {
                continue;
            };
            self.engine.set_input(input, values)?;
        }
        let outputs = &mut [&mut self.outputs[..], &mut self.losses[..]];
        self.engine.run(self.data.source, Selection::Rows(rows), 0, 0, outputs)?;
        let mut weights = vec![1.0; rows.len()];
        if let Some((group, _)) = self.data.source.find("weight") {
            self.data.source.gather_f64(group, Selection::Rows(rows), &mut weights);
        }
        let weighted = self.losses.iter().zip(&weights).map(|(loss, w)| loss.to_f64() * w);
        let mean = weighted.sum::<f64>() / weights.iter().sum::<f64>();
        let outputs = self.outputs.iter().map(|x| x.to_f64()).collect();
        Ok((Some(self.criterion.finish(mean)), outputs))
    }
}
