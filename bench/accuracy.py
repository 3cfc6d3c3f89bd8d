#!/usr/bin/env python3
"""Compares `chainrule train` with scikit-learn's networks on the tables in datasets/.

    python3 -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 pandas==3.1.1
    cargo build --release
    venv/bin/python bench/accuracy.py

For each table and seed, 25 % of the rows are held out (stratified for classes) and written to
test.csv, the rest to train.csv; each contender sees the second and is measured on the first.
scikit-learn gets standardised numbers (missing ones take the median) and one-hot categories, its
network has the default settings, once as they are and once with early_stopping=True. chainrule gets
the file. The table printed is Markdown: mean ± standard deviation over the seeds, and whether
chainrule is at least as good as the better scikit-learn run less that run's standard deviation.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pandas
from numpy import mean, std
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    "penguins": "species",
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "digits": "digit",
    "titanic": "survived",
    "diabetes": "target",
}
REGRESSION = {"diabetes"}
HIGHER_IS_BETTER = {"accuracy": True, "log_loss": False, "r2": True, "rmse": False}
PEERS = {"scikit-learn default": {}, "scikit-learn early stopping": {"early_stopping": True}}
OURS = "chainrule"


def hold_out(path, target, stratified, seed, folder):
    """Writes train.csv and test.csv with the lines of the source, cell for cell."""
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    labels = [row[header.index(target)] for row in rows]
    parts = train_test_split(
        rows, test_size=0.25, random_state=seed, stratify=labels if stratified else None
    )
    written = folder / "train.csv", folder / "test.csv"
    for part_path, part in zip(written, parts):
        with open(part_path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *part])
    return written


def scikit_learn(train, test, target, regression, seed, settings):
    """Fits one pipeline on a file and gives its measures on another."""
    kinds = None if regression else {target: str}
    train, test = (
        pandas.read_csv(path, dtype=kinds, keep_default_na=False, na_values=[""])
        for path in (train, test)
    )
    encode = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
                make_column_selector(dtype_include="number"),
            ),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore"),
                make_column_selector(dtype_exclude="number"),
            ),
        ]
    )
    network = (MLPRegressor if regression else MLPClassifier)(random_state=seed, **settings)
    pipeline = make_pipeline(encode, network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pipeline.fit(train.drop(columns=target), train[target])
    inputs, truth = test.drop(columns=target), test[target]
    prediction = pipeline.predict(inputs)
    if regression:
        return {
            "r2": r2_score(truth, prediction),
            "rmse": root_mean_squared_error(truth, prediction),
        }
    probabilities = pipeline.predict_proba(inputs)
    return {
        "accuracy": accuracy_score(truth, prediction),
        "log_loss": log_loss(truth, probabilities, labels=pipeline.classes_),
    }


def chainrule(binary, train, test, target, seed, folder):
    """Trains with the command line and gives what `evaluate` measures on the held-out file."""
    model = folder / "model.onnx"
    run([binary, "train", train, "--target", target, "-o", model, "--seed", str(seed), "--json"])
    lines = run([binary, "evaluate", model, test, "--json"]).splitlines()
    return {name: float(value) for name, value in json.loads(lines[-1])["metrics"].items()}


def run(command):
    """The standard output of a command; its standard error and the end of this run if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def measure(name, seeds, binary, data):
    """{contender: {metric: a value per seed}} for one table."""
    target, regression = TARGETS[name], name in REGRESSION
    values = {}
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            path = data / f"{name}.csv"
            train, test = hold_out(path, target, not regression, seed, folder)
            found = {
                peer: scikit_learn(train, test, target, regression, seed, settings)
                for peer, settings in PEERS.items()
            }
            if binary:
                found[OURS] = chainrule(binary, train, test, target, seed, folder)
        for contender, metrics in found.items():
            for metric, value in metrics.items():
                values.setdefault(contender, {}).setdefault(metric, []).append(value)
        print(f"{name}, seed {seed}: done", file=sys.stderr)
    return values


def spread(values):
    return std(values, ddof=1) if len(values) > 1 else 0.0


def row(name, metric, values):
    """One line of the table, and whether chainrule keeps up (None where it was not run)."""
    higher = HIGHER_IS_BETTER[metric]
    columns = {contender: found.get(metric) for contender, found in values.items()}
    cells = [
        f"{mean(column):.4f} ± {spread(column):.4f}" if column else "–"
        for column in (columns.get(contender) for contender in [*PEERS, OURS])
    ]
    ours, verdict = columns.get(OURS), None
    if ours:
        better = (max if higher else min)((columns[peer] for peer in PEERS), key=mean)
        behind = mean(better) - mean(ours) if higher else mean(ours) - mean(better)
        verdict = bool(behind <= spread(better))
    said = {None: "–", True: "yes", False: "**no**"}[verdict]
    arrow = "↑" if higher else "↓"
    return f"| {name} | {metric} {arrow} | {' | '.join(cells)} | {said} |", verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/chainrule")
    parser.add_argument("--data", type=Path, default=ROOT / "datasets", help="folder of the tables")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("tables", nargs="*", help=f"of {', '.join(TARGETS)}; all unless given")
    options = parser.parse_args()
    unknown = set(options.tables) - set(TARGETS)
    if unknown:
        parser.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    binary = options.binary if options.binary.exists() else None
    if binary is None:
        print(f"{options.binary} is not built: scikit-learn alone is measured", file=sys.stderr)

    print(f"| table | metric | {' | '.join([*PEERS, OURS])} | {OURS} keeps up |")
    print("| --- | --- | --- | --- | --- | --- |")
    kept_up = True
    for name in options.tables or TARGETS:
        values = measure(name, options.seeds, binary, options.data)
        for metric in ["r2", "rmse"] if name in REGRESSION else ["accuracy", "log_loss"]:
            line, verdict = row(name, metric, values)
            kept_up = kept_up and verdict is not False
            print(line, flush=True)
    sys.exit(0 if kept_up else 1)


if __name__ == "__main__":
    main()
