"""What it costs to observe a call: the demo's classifier, imperative and observed in turns."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from diptych.capture.program import Roots, binder
from diptych.demo.model import EarlyExit
from diptych.hybrid.observing import Observing


@dataclasses.dataclass(frozen=True)
class Cost:
    """Medians in microseconds; `ratio` is the median of the ratios of calls made in turns.

    `first` is one observed call of a program never seen before: its functions are transformed, as a capture would have
    to do anyway.
    """

    call: str
    first: float
    imperative: float
    observed: float
    ratio: float


def measure(name: str, batch: int, train: bool, rounds: int) -> Cost:
    """Calls of one kind."""
    torch.manual_seed(0)
    net = EarlyExit(sure=2.0).train(train)  # never sure: every call goes the long way
    images = torch.randn(batch, 1, 28, 28)
    bind = binder(net)

    def imperative() -> Any:
        return net(images)

    def observed() -> Any:
        return Observing(True).run(net, roots(bind(images)), (images,), {})

    def roots(made: Roots) -> Roots:
        made.function = net
        return made

    with torch.set_grad_enabled(train):
        imperative()
        first = microseconds(observed)
        pairs: list[tuple[float, float]] = []
        for number in range(rounds):
            order = (imperative, observed) if number % 2 else (observed, imperative)
            times = {call: microseconds(call) for call in order}
            pairs.append((times[imperative], times[observed]))
    plain, seen = (statistics.median(times) for times in zip(*pairs, strict=True))
    return Cost(name, first, plain, seen, statistics.median(b / a for a, b in pairs))


def microseconds(call: Callable[[], Any]) -> float:
    """How long a call takes."""
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=101, help="pairs of calls (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds has to be at least 1")
    torch.set_num_threads(options.threads)
    found = [
        measure("training, 64 images", 64, True, options.rounds),
        measure("answering, 1 image", 1, False, options.rounds),
    ]
    table = Table(title="an observed call (medians, us)")
    for head in ("call", "first observed", "imperative", "observed", "ratio"):
        table.add_column(head, justify="left" if head == "call" else "right")
    for one in found:
        table.add_row(one.call, f"{one.first:.0f}", f"{one.imperative:.0f}", f"{one.observed:.0f}", f"{one.ratio:.2f}")
    Console().print(table)
    if options.json:
        machine = {"torch": torch.__version__, "processor": platform.machine(), "threads": options.threads}
        results = {"observed": [dataclasses.asdict(one) for one in found]}
        options.json.write_text(json.dumps({**machine, **results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
