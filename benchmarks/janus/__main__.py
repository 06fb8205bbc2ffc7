"""The five kinds of program that JANUS (Jeong et al., NSDI 2019) trains, imperatively and hybridized, in turns."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.janus.compare import PROGRAMS, TOLERANCE, Comparison, compare


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.janus", description=__doc__)
    parser.add_argument("--only", choices=PROGRAMS, action="append", help="a program; may be given several times")
    parser.add_argument("--steps", type=int, default=20, help="measured steps (default: %(default)s)")
    parser.add_argument("--warm-up", type=int, default=5, help="steps before those (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="the sizes of the tests")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    options = parser.parse_args()
    if options.steps < 1 or options.warm_up < 0:
        parser.error("--steps has to be at least 1 and --warm-up at least 0")
    torch.set_num_threads(options.threads)
    console = Console()
    found: list[Comparison] = []
    for name in options.only or PROGRAMS:
        with console.status(name):
            found.append(compare(name, options.steps, options.warm_up, options.small))
        for refusal in found[-1].refusals:
            console.print(f"{name}: {refusal}", markup=False, highlight=False)
    console.print(table(found))
    if options.json:
        machine = {"torch": torch.__version__, "processor": platform.machine(), "threads": options.threads}
        results = [dataclasses.asdict(comparison) | {"ratio": comparison.ratio} for comparison in found]
        options.json.write_text(json.dumps({**machine, "small": options.small, "programs": results}, indent=2) + "\n")


def table(found: list[Comparison]) -> Table:
    made = Table(title="imperative PyTorch and diptych.hybridize, the same steps")
    heads = ("program", "steps", "equal", "graphs", "graph", "imperative", "fallbacks", "refusals")
    for head in (*heads, "imperative ms", "hybrid ms", "ratio", "warm-up: imperative s", "hybrid s"):
        made.add_column(head, justify="left" if head in ("program", "equal") else "right")
    for one in found:
        results, state = TOLERANCE.get(one.program, (0.0, 0.0))
        how = f"losses to {results:.0e}, weights to {state:.0e}" if results else "every bit"
        equal = how if one.first_difference is None else f"until step {one.first_difference}"
        counts = (one.graphs, one.graph_calls, one.imperative_calls, one.fallbacks, len(one.refusals))
        made.add_row(
            one.program,
            f"{one.warm_up}+{one.steps}",
            equal,
            *map(str, counts),
            f"{1000 * one.imperative_seconds:.2f}",
            f"{1000 * one.hybrid_seconds:.2f}",
            f"{one.ratio:.2f}",
            f"{one.imperative_warm_up_seconds:.2f}",
            f"{one.hybrid_warm_up_seconds:.2f}",
        )
    return made


if __name__ == "__main__":
    main()
