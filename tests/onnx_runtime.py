#!/usr/bin/env python3
"""Trains models with the command line and checks that ONNX Runtime answers as `predict` does.

    cargo build
    python3 -m venv venv
    venv/bin/pip install -r xtask/requirements/onnx_runtime.txt
    venv/bin/python tests/onnx_runtime.py target/debug/chainrule target/onnx_runtime

For each model, the rows to predict are those of its table, then rows with a gap in each column in
turn, with a category that no training row has in each column of text, with blanks around the cells
and with every cell empty; the columns stand in another order than in training, beside one that the
model does not know. bench/serve.py compares: labels are the same, numbers within 1e-6 relative or,
for probabilities, 1e-7 absolute. The file passes the checker of onnx, and ONNX Runtime gives one
row alone what it gives the row among others. Stops at the first model that fails; the folder keeps
its files.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy
import onnx
import onnxruntime

ROOT = Path(__file__).resolve().parent.parent
SERVE = ROOT / "bench" / "serve.py"
sys.path.insert(0, str(SERVE.parent))
from serve import feed, read  # noqa: E402

UNSEEN = "a category of no training row, 처음 보는 값"
VERSIONS = {"": 17, "ai.onnx.ml": 3}


class Model(NamedTuple):
    """What to train: a table, its target, and what differs from the defaults."""

    table: str
    target: str
    options: str = ""
    # Sums over more than 256 inputs may be taken in another order than ours.
    tolerance: float = 1e-6
    absolute: float = 1e-7


MODELS = [
    Model("datasets/penguins.csv", "species"),
    Model("datasets/iris.csv", "species"),
    Model("datasets/wine.csv", "cultivar"),
    Model("datasets/breast_cancer.csv", "diagnosis"),
    Model("datasets/digits.csv", "digit"),
    Model("datasets/diabetes.csv", "target"),
    Model("datasets/titanic.csv", "survived"),
    Model("datasets/penguins.csv", "species", "--activation tanh"),
    Model("datasets/wine.csv", "cultivar", "--activation sigmoid --layers 24,12"),
    Model("datasets/iris.csv", "species", "--activation linear --layers 8"),
    Model("datasets/diabetes.csv", "target", "--loss rmsle"),
    Model("datasets/diabetes.csv", "target", "--loss mae --optimizer sgd --layers 64,64,64"),
    Model("datasets/diabetes.csv", "target,s6,bmi"),
    Model("datasets/digits.csv", "digit", "--layers 400,300", tolerance=1e-5, absolute=1e-6),
    Model("every_kind.csv", "판정"),
    Model("every_kind.csv", "paid,late"),
    Model("every_kind.csv", "paid"),
    Model("every_kind.csv", "amount,weight", "--loss rmsle"),
    Model("datasets/diabetes.csv", "target", "--loss poisson"),
    Model("datasets/diabetes.csv", "target", "--loss gaussian_nll"),
    Model("datasets/diabetes.csv", "target", "--loss quantile:q=0.9 --target-scale log"),
    Model("datasets/diabetes.csv", "target,s6,bmi", "--loss gaussian_nll --target-scale none"),
    Model("datasets/wine.csv", "cultivar", "--loss hinge --class-weight balanced"),
    Model("datasets/titanic.csv", "survived", "--loss focal:gamma=1,alpha=0.25"),
    Model("every_kind.csv", "paid,late", "--loss kl_divergence --weight weight"),
    Model("every_kind.csv", "amount,weight", "--loss cosine"),
    Model("datasets/diabetes.csv", "target", "--loss log(cosh(y-p)) --activation x*sigmoid(1.5*x)"),
    Model("datasets/penguins.csv", "species", "--loss -y*log(p) --activation where(x>0,x,expm1(x))"),
    Model("datasets/penguins.csv", "species", "--batch-norm --activation silu --embed island"),
    Model("datasets/wine.csv", "cultivar", "--layer-norm --residual --activation mish --layers 16,16"),
    Model("datasets/diabetes.csv", "target", "--activation gelu --layers 32,16"),
    Model("datasets/titanic.csv", "survived", "--activation leaky_relu(x,0.2) --optimizer lbfgs"),
    Model("datasets/iris.csv", "species", "--activation prelu --layers 16,16 --schedule cosine"),
    Model("dates.csv", "takings"),
    Model("dates.csv", "takings", "--scale quantile,opened=none"),
    Model("dates.csv", "weather", "--time opened --validation 0.3"),
    Model("dates.csv", "takings", "--scale log,when=robust --missing-fill mean --one-hot 8"),
    Model("dates.csv", "takings", "--group shop --rare 3 --missing-fill zero"),
    Model("datasets/diabetes.csv", "target", "--scale robust,bmi=quantile"),
    Model("datasets/titanic.csv", "survived", "--scale quantile,fare=log"),
    Model("datasets/breast_cancer.csv", "diagnosis", "--scale log"),
    Model("datasets/wine.csv", "cultivar", "--scale quantile"),
]


def every_kind(path):
    """Writes a table of every kind of column, with gaps, quotes, and labels of any text."""
    dice = random.Random(5)
    features = ["city, town", "가입", "score", "constant", "level"]
    header = [*features, "paid", "late", "판정", "amount", "weight"]
    rows = []
    for _ in range(240):
        city = dice.choice(["서울", "São Paulo", 'the "Hague"', "two\nlines", "NA", ""])
        member = dice.choice(["yes", "no", ""])
        score = dice.choice([repr(dice.gauss(1e6, 3e4)), f"{dice.gauss(0, 1):.3e}", ""])
        level = dice.choice(["1", "2", "3"])
        paid = dice.choice(["true", "false"])
        late = dice.choice(["0", "1"])
        verdict = "좋음" if level == "3" else dice.choice(["나쁨", "so, so"])
        amount, weight = f"{dice.lognormvariate(3, 2):.4f}", f"{dice.random():.6f}"
        rows.append([city, member, score, "7", level, paid, late, verdict, amount, weight])
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def dates(path):
    """Writes a table with dates and times in every form, and a column of many categories."""
    dice = random.Random(6)
    header = ["when", "opened", "due", "shop", "customers", "constant day", "weather", "takings"]
    rows = []
    for row in range(400):
        day = datetime(1969, 11, 1) + timedelta(days=dice.randrange(900), seconds=dice.random() * 86400)
        zone = dice.choice(["", "Z", "+09:00", "-03:30"])
        when = day.isoformat(sep=dice.choice(["T", " "]), timespec="milliseconds") + zone
        opened = datetime(1, 1, 1) + timedelta(days=dice.randrange(3652000))
        due = day + timedelta(days=400000 + dice.randrange(40))
        shop = f"shop {int(dice.expovariate(0.05))}"
        customers = "" if row % 9 == 0 else int(dice.lognormvariate(4, 1))
        weather = dice.choice(["sun", "rain"]) if day.month % 6 < 3 else "snow"
        takings = 50 + 10 * day.weekday() + day.hour + dice.gauss(0, 3)
        rows.append([
            "" if row % 17 == 0 else when,
            f"{opened.year:04}-{opened.month:02}-{opened.day:02}",
            "" if row % 23 == 0 else f"{due.day}/{due.month}/{due.year} {due.hour}:{due.minute:02}",
            shop,
            customers,
            "2024-02-29",
            weather,
            f"{takings:.3f}",
        ])
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def run(*command):
    """The standard output of a command; the end of this run if it fails."""
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def write_probe(table, kinds, path):
    """Writes the rows to predict, from a table's cells by column and the kinds of the inputs."""
    count = len(next(iter(table.values())))
    rows = [{name: table[name][row] for name in kinds} for row in range(count)]
    donors = rows[:: max(1, count // 3)]
    for name, kind in kinds.items():
        rows += [{**donor, name: ""} for donor in donors]
        if kind == "text":
            rows += [{**donor, name: UNSEEN} for donor in donors]
    rows += [{name: f" {cell}\t" for name, cell in donor.items()} for donor in donors]
    rows.append(dict.fromkeys(kinds, ""))
    columns = ["not in the model", *reversed(kinds)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="7", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def check_file(path):
    """Checks that the file is what it should be, whoever reads it."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    versions = {opset.domain: opset.version for opset in model.opset_import}
    newer = any(versions.get(domain, 0) > newest for domain, newest in VERSIONS.items())
    if model.ir_version > 8 or newer:
        sys.exit(f"IR {model.ir_version}, {versions}: newer than runtimes of 2022 read")
    if any(node.op_type == "Dropout" for node in model.graph.node):
        sys.exit("dropout is for training, and in the file")


def check_alone(path, probe, model):
    """Checks that ONNX Runtime gives a row alone what it gives the row among the others."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    table, rows = read(probe)
    columns = feed(session, table, probe)
    together = session.run(None, columns)
    worst = 0.0
    for row in range(rows):
        alone = session.run(None, {name: cells[row : row + 1] for name, cells in columns.items()})
        for output, one, all_rows in zip(session.get_outputs(), alone, together):
            among = all_rows[row : row + 1]
            if output.type == "tensor(string)":
                same = (one == among).all()
            else:
                absolute = model.absolute if output.name == "probabilities" else 0.0
                same = numpy.allclose(one, among, rtol=model.tolerance, atol=absolute)
                worst = max(worst, float(abs(one - among).max()))
            if not same:
                sys.exit(f"{output.name} of row {row + 1} is {one} alone, {among} among others")
    print(f"  each row alone in ONNX Runtime: the same, absolute {worst:.2e}")


def check(binary, model, folder):
    """Trains a model and compares."""
    source = folder / model.table if (folder / model.table).exists() else ROOT / model.table
    print(f"{model.table} --target {model.target} {model.options}", flush=True)
    path, probe, answers = (folder / name for name in ("model.onnx", "probe.csv", "answers.csv"))
    options = ["--epochs", 15, "--seed", 1, "--quiet", "--force", "-o", path]
    run(binary, "train", source, "--target", model.target, *options, *model.options.split())
    check_file(path)
    inspected = json.loads(run(binary, "inspect", path, "--json"))
    kinds = {column["name"]: column["kind"] for column in inspected["columns"]}
    table, _ = read(source)
    write_probe(table, kinds, probe)
    answers.write_text(run(binary, "predict", path, probe), encoding="utf-8", newline="")
    bounds = ["--tolerance", model.tolerance, "--absolute", model.absolute]
    for line in run(sys.executable, SERVE, path, probe, answers, *bounds).splitlines():
        print(f"  {line}")
    check_alone(path, probe, model)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=Path, help="the command to test")
    parser.add_argument("folder", type=Path, help="where the files of the last model are left")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    every_kind(options.folder / "every_kind.csv")
    dates(options.folder / "dates.csv")
    for model in MODELS:
        check(options.binary.resolve(), model, options.folder)
    print(f"{len(MODELS)} models: ONNX Runtime agrees")


if __name__ == "__main__":
    main()
