"""How many times faster than imperative PyTorch each peer is, on every program: one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter

from benchmarks.speed.outcome import Outcome
from benchmarks.speed.registry import OURS

LOOKS = {
    "diptych": ("tab:red", "D"),
    "diptych-auto": ("tab:orange", "D"),
    "diptych-native": ("tab:brown", "D"),
    "compile": ("tab:blue", "o"),
    "max-autotune": ("tab:cyan", "s"),
    "aotinductor": ("tab:green", "^"),
    "script": ("tab:olive", "v"),
    "jax": ("tab:purple", "P"),
}
"""Colour and mark of each peer."""


def plot(found: list[Outcome], machine: dict[str, Any], path: Path) -> None:
    """One row a program, one mark a peer with a line from quartile to quartile; the scale is logarithmic."""
    programs = list(dict.fromkeys(one.program for one in found))
    rows = {program: len(programs) - number for number, program in enumerate(programs)}
    figure, axes = pyplot.subplots(figsize=(10, 1.6 + 0.42 * len(programs)), layout="constrained")
    peers = [peer for peer in LOOKS if any(one.peer == peer and one.ratio for one in found)]
    for number, peer in enumerate(peers):
        colour, mark = LOOKS[peer]
        aside = 0.11 * ((len(peers) - 1) / 2 - number)
        mine = [one for one in found if one.peer == peer and one.ratio and one.spread]
        heights = [rows[one.program] + aside for one in mine]
        axes.hlines(heights, [one.spread[0] for one in mine], [one.spread[1] for one in mine], colour, linewidth=1)
        size = 36 if peer in OURS else 24
        axes.scatter([one.ratio for one in mine], heights, size, colour, mark, label=peer, zorder=3)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.set_yticks(list(rows.values()), list(rows))
    axes.set_ylim(0.4, len(programs) + 0.6)
    axes.set_xlabel("times as fast as imperative PyTorch (steady steps)")
    axes.grid(axis="x", which="both", linewidth=0.3)
    for height in range(1, len(programs)):
        axes.axhline(height + 0.5, color="lightgrey", linewidth=0.5)
    facts = f"torch {machine['torch']}, {machine['processor']}, threads: {machine['threads']}, {machine['date'][:10]}"
    axes.set_title(facts, fontsize=9)
    figure.legend(loc="outside upper center", ncols=len(LOOKS))
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
