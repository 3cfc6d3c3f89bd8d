#!/usr/bin/env python3
"""Checks that ONNX Runtime answers as `chainrule predict` does, on every row of a table.

    python3 -m venv venv
    venv/bin/pip install onnxruntime==1.32.0
    chainrule predict model.onnx table.csv > predictions.csv
    venv/bin/python bench/serve.py model.onnx table.csv predictions.csv

The model's own list of inputs says which columns it reads: tensor(double) [N,1] takes numbers, and
dates as seconds since 1970, with NaN for an empty cell, tensor(string) [N,1] takes the trimmed text, with "" for an empty cell. Its
outputs are `prediction` and, for classes, `probabilities` [N,C], or `deviation` if the model gives
that; the columns compared with these are `prediction`, `probability_LABEL` and `deviation`, in order. Exit 1 if a label differs, or if a number differs
by more than --tolerance relative and, a probability, by more than --absolute too.
"""

import argparse
import csv
import json
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy
import onnxruntime


def read(path):
    """{column: its cells as text}, in the order of the file, and the number of rows."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file, strict=True) if row)
    for place, row in enumerate(rows, start=1):
        if len(row) != len(header):
            sys.exit(f"{path}, row {place}: {len(row)} cells where the header has {len(header)}")
    cells = {column: [row[at].strip() for row in rows] for at, column in enumerate(header)}
    return cells, len(rows)


def date_orders(session):
    """{column: in which order it writes dates}, from what chainrule keeps in the file."""
    kept = json.loads(session.get_modelmeta().custom_metadata_map["chainrule"])
    columns = kept["inputs"].get("table", {}).get("schema", {}).get("columns", [])
    return {column["name"]: column.get("dates", "year") for column in columns}


def year_first(text, order):
    """A date of slashes, dashes or points as ISO has it; a time behind it as it is."""
    day, blank, time = text.replace("T", " ").partition(" ")
    parts = re.split(r"[-/.]", day)
    if order != "year":
        parts = [parts[2], *(parts[:2] if order == "month" else reversed(parts[:2]))]
    time = re.sub(r"^(\d):", r"0\1:", time.strip())
    return "-".join(part.zfill(2) for part in parts) + blank + time


def number(text, where, order):
    """A cell as a double: NaN if empty, a date as seconds since 1970."""
    if text == "":
        return numpy.nan
    try:
        return float(text)
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(year_first(text, order))
    except (ValueError, IndexError):
        sys.exit(f"{where}: {text!r} is neither a number nor a date")
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()


def feed(session, table, path):
    """What the session's inputs take, from the columns of the same names."""
    taken = {}
    orders = date_orders(session)
    for wanted in session.get_inputs():
        if wanted.name not in table:
            sys.exit(f"{path} has no column {wanted.name!r}, an input of the model")
        cells = table[wanted.name]
        if wanted.type == "tensor(string)":
            column = numpy.array(cells, dtype=object)
        elif wanted.type == "tensor(double)":
            places = enumerate(cells, start=1)
            order = orders.get(wanted.name, "year")
            column = numpy.array(
                [number(cell, f"{path}, row {row}, {wanted.name}", order) for row, cell in places]
            )
        else:
            sys.exit(f"input {wanted.name!r} is {wanted.type}; columns are double or string")
        taken[wanted.name] = column.reshape(-1, 1)
    return taken


def compare_labels(column, served, written):
    """Prints how many labels differ and the first that does; True if none does."""
    differ = [row for row in range(len(written)) if str(served[row]) != written[row]]
    first = ""
    if differ:
        at = differ[0]
        first = f", first in row {at + 1}: {served[at]} served, {written[at]} written"
    print(f"{column}: {len(differ)} labels differ{first}")
    return not differ


def compare_numbers(column, served, written, tolerance, absolute):
    """Prints the worst differences of a column; True if every row is within one of the bounds.

    The worst relative one leaves out rows within the absolute bound: next to zero it says nothing.
    """
    served = numpy.asarray(served, dtype=numpy.float64)
    written = numpy.array([float(text) for text in written])
    same = (served == written) | (numpy.isnan(served) & numpy.isnan(written))
    with numpy.errstate(invalid="ignore", divide="ignore"):
        apart = numpy.where(same, 0.0, numpy.abs(served - written))
        relative = numpy.where(same, 0.0, apart / numpy.maximum(abs(served), abs(written)))
    apart, relative = (numpy.nan_to_num(each, nan=numpy.inf) for each in (apart, relative))
    within = (relative <= tolerance) | (apart <= absolute)
    counted = numpy.where(apart <= absolute, 0.0, relative)
    at = int(numpy.argmax(counted))
    worst = f"absolute {apart.max():.2e}, relative {counted[at]:.2e}"
    if counted[at] > 0:
        worst += f" (row {at + 1}: {float(served[at])!r} served, {float(written[at])!r} written)"
    beyond = "" if within.all() else f", {int((~within).sum())} rows beyond the tolerance"
    print(f"{column}: {worst}{beyond}")
    return bool(within.all())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("table", type=Path, help="the CSV file that was predicted")
    parser.add_argument("predictions", type=Path, help="what chainrule predict wrote for it")
    parser.add_argument("--tolerance", type=float, default=1e-6, help="relative, for every number")
    parser.add_argument("--absolute", type=float, default=1e-7, help="for probabilities alone")
    options = parser.parse_args()

    session = onnxruntime.InferenceSession(options.model, providers=["CPUExecutionProvider"])
    table, rows = read(options.table)
    predictions, predicted = read(options.predictions)
    if rows == 0 or rows != predicted:
        sys.exit(f"{options.table} has {rows} rows, {options.predictions} {predicted}")
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feed(session, table, options.table))))

    probabilities = [column for column in predictions if column.startswith("probability_")]
    deviations = []
    if "deviation" in names:
        deviations = [column for column in predictions if column.startswith("deviation")]
    others = {*probabilities, *deviations}
    values = [column for column in predictions if column not in others]
    agreed = True
    expected = [
        ("prediction", values),
        ("deviation", deviations),
        ("probabilities", probabilities),
    ]
    for name, columns in expected:
        if name not in outputs:
            if columns:
                sys.exit(f"no output {name!r} for {', '.join(columns)}: the model has {names}")
            continue
        served = outputs[name].reshape(rows, -1)
        if served.shape[1] != len(columns):
            sys.exit(f"{name} has {served.shape[1]} columns, {options.predictions} {len(columns)}")
        for at, column in enumerate(columns):
            if name == "prediction" and "probabilities" in outputs:
                same = compare_labels(column, served[:, at], predictions[column])
            else:
                absolute = options.absolute if name == "probabilities" else 0.0
                same = compare_numbers(
                    column, served[:, at], predictions[column], options.tolerance, absolute
                )
            agreed = same and agreed
    print(f"{rows} rows: {'agree' if agreed else 'DIFFER'}")
    sys.exit(0 if agreed else 1)


if __name__ == "__main__":
    main()
