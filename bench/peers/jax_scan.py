"""JAX: a whole epoch as one compiled scan over the batches.

Two ways to bring the rows of a batch are timed where both are quick, and the faster one counts:
the scan gathers them itself, or NumPy gathers all of an epoch before it.
"""
from measured import Workload, arguments, report, time_epochs, time_predictions

given = arguments()
import jax
import jax.numpy as jnp
import numpy

work = Workload(given.folder)


def outputs(parameters, rows):
    for place, (weight, bias) in enumerate(parameters):
        rows = rows @ weight + bias
        if place + 1 < len(parameters):
            rows = jax.nn.relu(rows) if work.activation == "relu" else jnp.tanh(rows)
    return rows


def loss(parameters, rows, target):
    z = outputs(parameters, rows)
    if work.loss == "mse":
        return jnp.mean((z - target) ** 2)
    if work.loss == "binary_cross_entropy":
        return jnp.mean(jax.nn.softplus(z) - target * z)
    chosen = jax.nn.log_softmax(z) * jax.nn.one_hot(target, z.shape[1])
    return -jnp.mean(jnp.sum(chosen, axis=1))


def update(state, rows, target):
    parameters, first, second, step = state
    slopes = jax.grad(loss)(parameters, rows, target)
    each = jax.tree.map
    if work.optimizer == "adam":
        step = step + 1
        first = each(lambda m, g: 0.9 * m + 0.1 * g, first, slopes)
        second = each(lambda v, g: 0.999 * v + 0.001 * g * g, second, slopes)
        left, right = 1 - 0.9**step, 1 - 0.999**step

        def moved(w, m, v):
            return w - work.rate * (m / left) / (jnp.sqrt(v / right) + 1e-8)

        return each(moved, parameters, first, second), first, second, step
    if work.momentum:
        first = slopes = each(lambda v, g: work.momentum * v + g, first, slopes)
    return each(lambda w, g: w - work.rate * g, parameters, slopes), first, second, step


def start():
    parameters = [(jnp.array(weight), jnp.array(bias)) for weight, bias in work.parameters]
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    first = zeros() if work.momentum or work.optimizer == "adam" else ()
    second = zeros() if work.optimizer == "adam" else ()
    return parameters, first, second, jnp.zeros(())


def gathering(state):
    x, y = jnp.array(work.x), jnp.array(target)

    def epoch(state, order):
        return jax.lax.scan(lambda s, rows: (update(s, x[rows], y[rows]), None), state, order)[0]

    run = jax.jit(epoch, donate_argnums=0)

    def once(order):
        order = order.astype(numpy.int32).reshape(work.steps, work.batch)
        state[0] = jax.block_until_ready(run(state[0], order))

    return once


def gathered(state):
    def epoch(state, x, y):
        return jax.lax.scan(lambda s, rows: (update(s, *rows), None), state, (x, y), unroll=4)[0]

    run = jax.jit(epoch, donate_argnums=0)

    def once(order):
        x = work.x[order].reshape(work.steps, work.batch, -1)
        y = target[order].reshape((work.steps, work.batch) + target.shape[1:])
        state[0] = jax.block_until_ready(run(state[0], x, y))

    return once


if given.predict:
    parameters = [(jnp.array(weight), jnp.array(bias)) for weight, bias in work.parameters]

    @jax.jit
    def probabilities(rows):
        z = outputs(parameters, rows)
        return jax.nn.softmax(z) if work.loss == "categorical_cross_entropy" else z

    figures = time_predictions(
        work, jnp.asarray, lambda rows: probabilities(rows).block_until_ready()
    )
    report(work, "JAX", **figures)
else:
    target = work.y.astype(numpy.int32) if work.y.ndim == 1 else work.y
    best = None
    for way in (gathering, gathered) if work.x.size < 2e6 else (gathering,):
        state = [start()]
        step = time_epochs(work, way(state))
        last = float(loss(state[0][0], jnp.array(work.x), jnp.array(target)))
        if best is None or step < best[0]:
            best = (step, last, way.__name__)
    report(work, "JAX", step_us=best[0], loss=best[1], way=best[2], version=jax.__version__)
