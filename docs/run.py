#!/usr/bin/env python3
"""Draws docs/run.svg: the README's first command with what it prints, as a terminal shows it.

    cargo build --release && python3 docs/run.py
"""

import subprocess
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["chainrule", "train", "datasets/penguins.csv", "--target", "species"]
LINE, SIZE, MARGIN, COLUMNS = 19, 13, 22, 100
LABELS = ("data", "inputs", "task", "network", "training", "best epoch", "model", "time", "next")


def wrapped(text):
    """Lines of at most COLUMNS characters, the rest of a long one under its first column."""
    for line in text.splitlines():
        indent = 12
        while len(line) > COLUMNS:
            cut = line.rfind(" ", 0, COLUMNS)
            yield line[:cut]
            line = " " * indent + line[cut + 1 :]
        yield line


run = subprocess.run(
    [ROOT / "target/release/chainrule", *COMMAND[1:], "--threads", "1"],
    cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
)
(ROOT / "model.onnx").unlink()
lines = ["$ " + " ".join(COMMAND), *wrapped(run.stdout)]
width, height = 2 * MARGIN + 8 * COLUMNS, 2 * MARGIN + LINE * len(lines)
out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="{SIZE}">',
    f'<rect width="{width}" height="{height}" rx="10" fill="#11151c"/>',
]
for number, line in enumerate(lines):
    y = MARGIN + LINE * number + SIZE
    label = next((label for label in LABELS if line.startswith(label + " ")), "")
    head, rest = line[: len(label)], line[len(label) :]
    colour = "#7ee0b5" if number == 0 else "#d7dde8"
    out.append(
        f'<text x="{MARGIN}" y="{y}" fill="{colour}" xml:space="preserve">'
        f'<tspan fill="#7f8ea3">{escape(head)}</tspan>{escape(rest)}</text>'
    )
out.append("</svg>\n")
(ROOT / "docs/run.svg").write_text("\n".join(out), encoding="utf-8")
