"""The outcomes as text: a table of the programs, one of the means, and what was seen that should not be."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.speed.outcome import NEAR, SLOWER, Outcome, geometric_mean

FIGURES = ("step", "ratio", "quartiles", "first call", "full speed", "200 calls", "ratio", "MB", "MB cold", "library")
HEADS = ("program", "peer", *FIGURES, "difference")

LEGEND = f"""\
step: median of the rounds. ratio: imperative by peer, of steps and of the sum of the first 200 calls.
!: below {SLOWER} of imperative. ~: partly extrapolated.
full speed: seconds from the first call until calls take at most {NEAR} of a step.
MB: peak beyond what the process had before the first call, in the rounds and before; library: loading the peer.
difference: the largest relative one from imperative results."""


def programs_table(found: list[Outcome]) -> Table:
    """One row a program and peer."""
    table = Table(*HEADS, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in table.columns[2:]:
        column.justify = "right"
        column.no_wrap = True
    for number, one in enumerate(found):
        last = number + 1 == len(found) or found[number + 1].program != one.program
        name = one.program if number == 0 or found[number - 1].program != one.program else ""
        table.add_row(name, one.peer, *cells(one), end_section=last)
    return table


def cells(one: Outcome) -> list[str]:
    """The figures, or dashes."""
    if one.problem is not None:
        return ["-"] * (len(HEADS) - 2)
    low, high = one.spread or (math.nan, math.nan)
    return [
        seconds(one.steady),
        ratio(one.ratio),
        f"{low:.2f}-{high:.2f}",
        seconds(one.first_call),
        seconds(one.until_full_speed),
        ("" if one.measured == 200 else "~") + seconds(one.first_calls),
        ratio(one.first_calls_ratio),
        megabytes(one.memory),
        megabytes(one.cold_memory),
        megabytes(one.library),
        "own draws" if one.own_draws and not one.right else f"{one.difference:.0e}{'' if one.right else ' WRONG'}",
    ]


def seconds(value: float | None) -> str:
    """With three digits and a unit."""
    if value is None:
        return "never"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= factor or unit == "us":
            return f"{value / factor:.3g} {unit}"
    raise AssertionError


def ratio(value: float | None) -> str:
    """Marked if it is slower than imperative."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value >= SLOWER else f"{value:.2g}!"


def megabytes(value: int | None) -> str:
    return "-" if value is None else f"{value / 2**20:.1f}"


def problems(found: list[Outcome]) -> Iterator[str]:
    """Why a peer has no figures: a line each."""
    for one in found:
        if one.problem is not None:
            yield f"{one.program}, {one.peer}: no figures: {one.problem[:200]}"


def means_table(found: list[Outcome]) -> Table:
    """Geometric means of the ratios, by peer; only over the programs that it runs, and how many these are.

    `diptych there`: the mean of diptych over the same programs.
    """
    heads = (
        "peer",
        "programs",
        "ratio",
        "diptych there",
        "200 calls",
        "training",
        "ratio",
        "diptych there",
        "slower",
        "wrong",
    )
    table = Table(*heads, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title="geometric means over imperative PyTorch")
    for column in table.columns[1:]:
        column.justify = "right"
    for peer in dict.fromkeys(one.peer for one in found):
        table.add_row(peer, *mean_cells(found, peer))
    return table


def mean_cells(found: list[Outcome], peer: str) -> list[str]:
    """The row of one peer."""
    ours = {one.program: one.ratio for one in found if one.peer == "diptych" and one.ratio is not None}
    mine = [one for one in found if one.peer == peer and one.ratio is not None]
    row: list[str] = []
    for chosen in (mine, [one for one in mine if one.training]):
        there = [ours[one.program] for one in chosen if one.program in ours]
        row += [str(len(chosen)), mean([one.ratio for one in chosen]), mean(there)]
        if chosen is mine:
            row.append(mean([one.first_calls_ratio for one in chosen]))
    slower = sum(one.slow for one in mine)
    return [*row, str(slower), str(sum(not one.right and not one.own_draws for one in mine))]


def mean(values: list[float | None]) -> str:
    """A geometric one."""
    return f"{geometric_mean([value for value in values if value is not None]):.3g}" if values else "-"
