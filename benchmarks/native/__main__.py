"""What native code gains: small programs, imperative and by the backends of `diptych.hybridize`, in turns."""

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

import diptych
from benchmarks.native.programs import PROGRAMS

PEERS = ("imperative", "eager", "native")


@dataclasses.dataclass(frozen=True)
class Result:
    """Median microseconds of a call for each peer; `first` seconds of the calls until the code is in use."""

    program: str
    microseconds: dict[str, float]
    ratio: dict[str, float]
    first: dict[str, float]
    tier: str
    difference: float


def measure(name: str, rounds: int, block: int) -> Result:
    """One program by all peers: short blocks in turns, the ratio of each to the imperative one of the same turn."""
    make, trains = PROGRAMS[name]
    runs: dict[str, Callable[[], Any]] = {}
    first: dict[str, float] = {}
    results: dict[str, Any] = {}
    tier = "plain"
    for peer in PEERS:
        torch.manual_seed(0)
        program, args = make()
        run = program if peer == "imperative" else diptych.hybridize(program, backend=peer)
        runs[peer] = bound(run, args)
        start = time.perf_counter()
        with torch.set_grad_enabled(trains):
            for _ in range(4):
                results[peer] = runs[peer]()
        first[peer] = time.perf_counter() - start
        if peer == "native":
            tier = run.report().data["graphs"][0]["tier"]  # type: ignore[union-attr]
    times: dict[str, list[float]] = {peer: [] for peer in PEERS}
    with torch.set_grad_enabled(trains):
        for _ in range(rounds):
            for peer in PEERS:
                start = time.perf_counter()
                for _ in range(block):
                    runs[peer]()
                times[peer].append((time.perf_counter() - start) / block * 1e6)
    pairs = {peer: zip(times["imperative"], times[peer], strict=True) for peer in PEERS}
    return Result(
        name,
        {peer: statistics.median(times[peer]) for peer in PEERS},
        {peer: statistics.median(a / b for a, b in pairs[peer]) for peer in PEERS},
        first,
        tier,
        max(difference(results["imperative"], results[peer]) for peer in PEERS),
    )


def bound(run: Any, args: tuple[Any, ...]) -> Callable[[], Any]:
    """The call without arguments."""
    return lambda: run(*args)


def difference(a: Any, b: Any) -> float:
    """The largest difference of two results."""
    if isinstance(a, tuple):
        return max(difference(x, y) for x, y in zip(a, b, strict=True))
    return (a - b).abs().max().item() if isinstance(a, torch.Tensor) else abs(a - b)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.native", description=__doc__)
    parser.add_argument("--only", choices=PROGRAMS, action="append", help="a program; may be given several times")
    parser.add_argument("--rounds", type=int, default=15, help="turns (default: %(default)s)")
    parser.add_argument("--block", type=int, default=20, help="calls of a peer in a turn (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = [measure(name, options.rounds, options.block) for name in options.only or PROGRAMS]
    table = Table(title="a call, in microseconds, and how many times as fast as imperative PyTorch")
    for head in ("program", *PEERS, "eager x", "native x", "first calls, s", "tier", "difference"):
        table.add_column(head, justify="left" if head in ("program", "tier") else "right")
    for one in found:
        times = [f"{one.microseconds[peer]:.1f}" for peer in PEERS]
        ratios = [f"{one.ratio[peer]:.2f}" for peer in PEERS[1:]]
        table.add_row(one.program, *times, *ratios, f"{one.first['native']:.2f}", one.tier, f"{one.difference:.0e}")
    Console(width=150).print(table)
    if options.json:
        machine = {"torch": torch.__version__, "processor": platform.machine(), "threads": options.threads}
        results = [dataclasses.asdict(one) for one in found]
        options.json.write_text(json.dumps({**machine, "programs": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
