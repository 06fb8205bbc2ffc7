"""Verification of the networks and properties of a folder of VNN-COMP benchmarks.

    python -m benchmarks.verify FOLDER [--family NAME ...] [--time SECONDS] [--every K] [--json FILE]

FOLDER holds one folder a family with `instances.csv` (network, property, seconds) and `GROUND_TRUTH.csv` with the
labels. Each instance runs in one thread; the seconds include reading both files, not the start of Python.
An answer against a label is printed as WRONG and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import time
from pathlib import Path

import torch

from diptych.analyses.verdict import Proved, Refuted
from diptych.analyses.verify import verify
from diptych.errors import DiptychError
from diptych.interop.onnx_reader import load_onnx
from diptych.interop.vnnlib import load_vnnlib


def answer(network: Path, prop: Path, seconds: float) -> tuple[str, str]:
    """`unsat`, `sat`, `unknown` or `error`, and a remark."""
    started = time.monotonic()
    try:
        graph, cases = load_onnx(network), load_vnnlib(prop)
        verdict = verify(graph, cases, seconds=seconds - (time.monotonic() - started))
    except (DiptychError, ValueError) as error:
        return "error", str(error).splitlines()[0]
    word = "unsat" if isinstance(verdict, Proved) else "sat" if isinstance(verdict, Refuted) else "unknown"
    return word, f"{verdict.boxes} boxes" if isinstance(verdict, Proved) else str(verdict)[:60]


def main() -> int:
    """Run the instances, print a line for each and a table of the families."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", action="append")
    parser.add_argument("--time", type=float, default=60.0)
    parser.add_argument("--every", type=int, default=1, help="run every K-th instance only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with (options.folder / "GROUND_TRUTH.csv").open() as file:
        labels = {(r["family"], r["net"], r["prop"]): r["label"] for r in csv.DictReader(file)}
    found = []
    for family in options.family or sorted({family for family, _, _ in labels}):
        rows = [key for key in labels if key[0] == family]
        for number in range(0, len(rows), options.every):
            _, network, prop = rows[number]
            started = time.monotonic()
            word, remark = answer(options.folder / family / network, options.folder / family / prop, options.time)
            seconds, label = time.monotonic() - started, labels[rows[number]]
            wrong = {word, label} == {"sat", "unsat"}
            found.append({"family": family, "number": number, "answer": word, "label": label, "seconds": seconds})
            found[-1]["wrong"] = wrong
            name = f"{family} #{number}"
            print(f"{name:32} {word:8} {label:8} {seconds:7.2f} s  {'WRONG ' * wrong}{remark}", flush=True)
    for family in dict.fromkeys(r["family"] for r in found):
        runs = [r for r in found if r["family"] == family]
        solved = [r["seconds"] for r in runs if r["answer"] in ("sat", "unsat")]
        median = statistics.median(solved) if solved else float("nan")
        wrong = sum(r["wrong"] for r in runs)
        print(f"{family}: {len(solved)} of {len(runs)} answered, {wrong} wrong, median {median:.2f} s")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    return int(any(r["wrong"] for r in found))


if __name__ == "__main__":
    sys.exit(main())
