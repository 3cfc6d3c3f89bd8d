#!/usr/bin/env python3
"""Writes the data sets of this folder again, from the Python packages that carry them.

    python3 -m venv venv
    venv/bin/pip install scikit-learn==1.9.1 palmerpenguins==0.1.6
    venv/bin/python datasets/make.py [FOLDER]

FOLDER is this folder unless given. Rows keep the order of their source, numbers are written as the
shortest decimal that reads back as the same number, a missing value is an empty cell, and the
target is the last column. README.md says what each file is and where it comes from.
"""

import csv
import gzip
import hashlib
import io
import json
import re
import sys
from importlib import metadata, resources
from pathlib import Path

from sklearn import datasets

PINNED = {"scikit-learn": "1.9.1", "palmerpenguins": "0.1.6"}

TITANIC = "sklearn.datasets.tests.data.openml.id_40945"
TITANIC_COLUMNS = ["pclass", "sex", "age", "sibsp", "parch", "fare", "embarked", "survived"]


def number(value):
    """The shortest decimal that reads back as this number: 3.0 is written 3."""
    return repr(float(value)).removesuffix(".0")


def name(text):
    """A column's name in snake_case: `mean radius` becomes `mean_radius`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def bundled(bunch, target, columns=None):
    """Header and rows of a set that scikit-learn bundles, with its class names as labels."""
    header = [name(column) for column in columns or bunch.feature_names] + [target]
    if "target_names" in bunch:
        labels = [str(bunch.target_names[code]) for code in bunch.target]
    else:
        labels = [number(value) for value in bunch.target]
    rows = [[number(value) for value in row] + [label] for row, label in zip(bunch.data, labels)]
    return header, rows


def penguins():
    """The table of the palmerpenguins package, `species` moved to the end, NA as an empty cell."""
    path = resources.files("palmerpenguins") / "data" / "penguins.csv"
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    target = header.index("species")
    order = [place for place in range(len(header)) if place != target] + [target]
    cells = [["" if row[place] == "NA" else row[place] for place in order] for row in rows]
    return [header[place] for place in order], cells


def titanic():
    """The passengers of OpenML's data set 40945, which scikit-learn carries to test its loader.

    Left out: what identifies a passenger (name, ticket, cabin, home.dest) and what tells the answer
    (boat, body).
    """
    folder = resources.files(TITANIC)
    describe = gzip.decompress((folder / "api-v1-jd-40945.json.gz").read_bytes())
    arff = gzip.decompress((folder / "data-v1-dl-16826755.arff.gz").read_bytes())
    described = json.loads(describe)["data_set_description"]
    if hashlib.md5(arff).hexdigest() != described["md5_checksum"]:
        sys.exit("titanic: the ARFF file differs from the one that its description states")
    head, data = arff.decode("utf-8").split("@data\n")
    attributes = re.findall(r"^@attribute '([^']+)'", head, flags=re.MULTILINE)
    places = [attributes.index(column) for column in TITANIC_COLUMNS]
    rows = []
    for row in csv.reader(io.StringIO(data), escapechar="\\"):
        if not row:
            continue
        if len(row) != len(attributes):
            sys.exit(f"titanic: {len(row)} cells where {len(attributes)} are declared: {row}")
        rows.append(["" if row[place] == "?" else row[place] for place in places])
    return TITANIC_COLUMNS, rows


TABLES = {
    "penguins": penguins,
    "iris": lambda: bundled(
        datasets.load_iris(),
        "species",
        ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"],
    ),
    "wine": lambda: bundled(datasets.load_wine(), "cultivar"),
    "breast_cancer": lambda: bundled(datasets.load_breast_cancer(), "diagnosis"),
    "digits": lambda: bundled(datasets.load_digits(), "digit"),
    "diabetes": lambda: bundled(datasets.load_diabetes(scaled=False), "target"),
    "titanic": titanic,
}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for package, wanted in PINNED.items():
        found = metadata.version(package)
        if found != wanted:
            sys.exit(f"{package} is {found}, the files were made with {wanted}: install that one")
    for table, make in TABLES.items():
        header, rows = make()
        with open(folder / f"{table}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
        print(f"{table}.csv: {len(rows)} rows, {len(header)} columns, target {header[-1]}")


if __name__ == "__main__":
    main()
