//! Going on: what run it is, what it begins with, and the state that it is kept in.

use super::{Data, Epoch, Kept, Learner, Settings, Story, Values};
use crate::checkpoint::{Checkpoint, Fingerprint, Identity, NUMERICS, Tensor, not_one};
use crate::criterion::Criterion;
use crate::engine::Number;
use crate::error::Result;
use crate::network::{Built, Network};

/// What a network begins with.
pub(super) struct First {
    pub parameters: Vec<Vec<f64>>,
    pub states: Vec<Vec<f64>>,
}

impl First {
    /// Values that were given, else the network's own first ones.
    ///
    /// # Errors
    /// The given ones are not as many as the network has.
    pub fn of(built: &Built, seed: u64, given: Option<&Values>) -> Result<Self> {
        let size = |dims: &[usize]| dims.iter().product::<usize>();
        let Some((parameters, states)) = given else {
            let initial = |state: &crate::layers::State| vec![state.initial; size(&state.dims)];
            let states = built.states.iter().map(initial).collect();
            return Ok(Self { parameters: built.initial_parameters(seed), states });
        };
        let wanted = built.parameters.iter().map(|parameter| size(&parameter.dims));
        let wanted_states = built.states.iter().map(|state| size(&state.dims));
        if !parameters.iter().map(Vec::len).eq(wanted)
            || !states.iter().map(Vec::len).eq(wanted_states)
        {
            let found: usize = parameters.iter().chain(states).map(Vec::len).sum();
            let expected = "the numbers of the same network";
            let found = format!("{found} numbers in {} parts", parameters.len() + states.len());
            return Err(super::check::invalid("the start", found, expected));
        }
        let wide = |all: &[Vec<f32>]| -> Vec<Vec<f64>> {
            all.iter().map(|part| part.iter().map(|&value| f64::from(value)).collect()).collect()
        };
        Ok(Self { parameters: wide(parameters), states: wide(states) })
    }
}

/// What decides every bit of a run.
pub(super) fn identity<T: Number>(
    network: &Network,
    criterion: &Criterion,
    data: Data<'_>,
    settings: &Settings,
    values: Option<&Values>,
) -> Identity {
    let groups = ["x", "y", "weight"];
    let mut rows = Fingerprint::default();
    rows.rows::<T>(data.source, &groups, data.training);
    rows.rows::<T>(data.source, &groups, data.validation);
    let (output, scale, units) = (criterion.output(), criterion.scale(), criterion.units());
    rows.text(&format!("{output:?} {scale:?} {units:?}"));
    let start = values.map_or("the network's own".to_owned(), |(parameters, states)| {
        let mut start = Fingerprint::default();
        parameters.iter().chain(states).for_each(|part| start.numbers(part));
        start.finish()
    });
    let clip = settings.clip.map_or("none".to_owned(), |clip| clip.to_string());
    let bits = (8 * size_of::<T>()).to_string();
    let settings = [
        ("network", network.to_json().to_string()),
        ("loss", criterion.name().to_owned()),
        ("optimizer", settings.optimizer.to_string()),
        ("learning rate", settings.learning_rate.to_string()),
        ("schedule", settings.schedule.to_string()),
        ("warm-up", settings.warmup.to_string()),
        ("clip", clip),
        ("batch size", settings.batch_size.to_string()),
        ("epochs", settings.epochs.to_string()),
        ("patience", settings.patience.to_string()),
        ("seed", settings.seed.to_string()),
        ("training rows", data.training.len().to_string()),
        ("validation rows", data.validation.len().to_string()),
        ("first parameters", start),
        ("bits of a number", bits),
    ];
    Identity {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        numerics: NUMERICS,
        data: rows.finish(),
        settings: settings.map(|(name, value)| (name.to_owned(), value)).to_vec(),
    }
}

/// The state of a run.
pub(super) fn state<T: Number>(
    run: &Identity,
    story: &Story<T>,
    learner: &dyn Learner<T>,
) -> Checkpoint {
    let (position, now) = learner.save();
    let built = learner.built();
    let kept = story.best.as_ref();
    let best = kept.into_iter().flat_map(|(_, kept)| {
        let parameters = built.parameters.iter().map(|p| (&p.name, &p.dims)).zip(&kept.parameters);
        let states = built.states.iter().map(|s| (&s.name, &s.dims)).zip(&kept.states);
        parameters.chain(states).map(|((name, dims), values)| Tensor::of(name, dims, values))
    });
    Checkpoint {
        identity: run.clone(),
        history: story.history.clone(),
        best_epoch: kept.map_or(0, |(number, _)| *number),
        over: story.over,
        position,
        now,
        best: best.collect(),
    }
}

/// Takes up a run where it was stopped.
///
/// # Errors
/// The numbers of the checkpoint do not fit.
pub(super) fn take_up<T: Number>(
    state: Checkpoint,
    file: &str,
    learner: &mut dyn Learner<T>,
) -> Result<Story<T>> {
    let unfit = |what: &str| not_one(file, format!("{what} are not those of the network"));
    learner.restore(state.position, &state.now).ok_or_else(|| unfit("its numbers"))?;
    let built = learner.built();
    let find = |name: &str, dims: &[usize]| -> Result<Vec<T>> {
        let found = state.best.iter().find(|tensor| tensor.name == name && tensor.dims == dims);
        found.and_then(Tensor::values).ok_or_else(|| unfit("the best parameters"))
    };
    let best = match state.best_epoch {
        0 => None,
        number => {
            let parameters = built.parameters.iter().map(|p| find(&p.name, &p.dims));
            let states = built.states.iter().map(|s| find(&s.name, &s.dims));
            let parameters = parameters.collect::<Result<_>>()?;
            Some((number, Kept { parameters, states: states.collect::<Result<_>>()? }))
        }
    };
    // The best epoch is the last that was one.
    let last: Option<&Epoch> = state.history.iter().rfind(|epoch| epoch.best);
    if last.map_or(0, |epoch| epoch.number) != state.best_epoch {
        return Err(not_one(file, "its best epoch is not that of its history".to_owned()));
    }
    Ok(Story { history: state.history, best, over: state.over })
}
