"""What the peers' scripts share: a workload from its folder, and how its epochs are timed.

`chainrule bench NAME --export FOLDER` writes the folder: the same rows and first parameters that
chainrule itself trains on.
"""
import argparse
import json
import os
import statistics
import time
from pathlib import Path


def arguments():
    """The folder of a workload and the number of threads; the process keeps to as many cores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--predict", action="store_true")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[-given.threads:]
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(given.threads)
    return given


class Workload:
    """A workload as chainrule describes it, with its rows and first parameters as arrays."""

    def __init__(self, folder):
        import numpy

        said = json.loads((folder / "workload.json").read_text())
        self.name, self.sizes = said["workload"], [int(size) for size in said["sizes"][0]]
        self.activation, self.loss = said["activation"], said["loss"]
        self.optimizer, self.rate = said["optimizer"], said["learning_rate"]
        self.momentum = said.get("momentum", 0.0)
        self.batch = said["batch_size"]
        self.warm_up, self.epochs = said["warm_up"], said["epochs"]
        self.x = numpy.load(folder / "x.npy")
        self.y = numpy.load(folder / "y.npy")
        if self.loss == "categorical_cross_entropy":
            self.y = self.y[:, 0].astype(numpy.int64)
        layers = range(len(self.sizes) - 1)
        self.parameters = [
            (numpy.load(folder / f"{layer}.weight.npy"), numpy.load(folder / f"{layer}.bias.npy"))
            for layer in layers
        ]

    @property
    def steps(self):
        return len(self.x) // self.batch


def time_epochs(workload, epoch):
    """The median µs of a step over the timed epochs; an epoch's order is drawn before its time."""
    import numpy

    random, seconds = numpy.random.default_rng(2), []
    for number in range(workload.warm_up + workload.epochs):
        order = random.permutation(len(workload.x))
        start = time.perf_counter()
        epoch(order)
        passed = time.perf_counter() - start
        if number >= workload.warm_up:
            seconds.append(passed)
    return statistics.median(seconds) / workload.steps * 1e6


def time_predictions(workload, wrap, predict):
    """The median µs and 99th percentile of one row, and the median µs of 4,096 rows.

    `wrap` brings rows to where the tool wants them, before the time."""
    import numpy

    rows = [wrap(numpy.ascontiguousarray(workload.x[row : row + 1])) for row in range(256)]
    many = wrap(numpy.resize(workload.x, (4096, workload.x.shape[1])))

    def calls(inputs, seconds, fewest):
        for given in inputs[:64] * 3:
            predict(given)
        times, end = [], time.perf_counter() + seconds
        while len(times) < fewest or time.perf_counter() < end:
            for given in inputs:
                start = time.perf_counter_ns()
                predict(given)
                times.append((time.perf_counter_ns() - start) / 1e3)
        return sorted(times)

    one, whole = calls(rows, 0.5, 2000), calls([many], 0.5, 7)
    return {
        "row_us": statistics.median(one),
        "row_p99_us": one[int(0.99 * len(one))],
        "rows_4096_us": statistics.median(whole),
    }


def report(workload, peer, **figures):
    """The one line that is read from outside."""
    print(json.dumps({"workload": workload.name, "peer": peer, **figures}), flush=True)
