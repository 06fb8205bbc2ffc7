"""VNN-LIB 1.0: the sets of inputs and outputs that a network must not connect.

The file is a list of `(declare-const X_k Real)` and `(assert ...)` over `X_k` (inputs) and `Y_k` (outputs), with
`and`, `or`, `<=`, `>=`, `<`, `>`, `=`, `+`, `-`, `*` by numbers. It describes the *unsafe* points.
Source: https://www.vnnlib.org, version 1.0 as in the VNN competitions up to 2024.
"""

from __future__ import annotations

import gzip
import itertools
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diptych.analyses.cases import Case
from diptych.errors import LoadError

LARGEST = 200_000
"""A property with more disjuncts than this is refused."""


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, unpacked if its name ends in `.gz`."""
    try:
        data = Path(path).read_bytes()
        return gzip.decompress(data) if str(path).endswith(".gz") else data
    except (OSError, EOFError) as error:
        raise LoadError(f"cannot read {path}: {error}") from error


@dataclass(frozen=True)
class Linear:
    """`sum(factor * variable) + constant`."""

    factors: tuple[tuple[str, float], ...]
    constant: float

    def plus(self, other: Linear, times: float = 1.0) -> Linear:
        """`self + times * other`."""
        total = dict(self.factors)
        for name, factor in other.factors:
            total[name] = total.get(name, 0.0) + times * factor
        return Linear(tuple(total.items()), self.constant + times * other.constant)


Clause = tuple[Linear, ...]
"""Linear terms that are all `<= 0`."""


def load_vnnlib(path: str | os.PathLike[str]) -> list[Case]:
    """The unsafe cases of the property at `path` (`.vnnlib`, or `.gz` of it).

    Raises:
        LoadError: the file is not VNN-LIB 1.0, an input has no bounds, or a term is not linear.
    """
    try:
        return parse(read_file(path).decode())
    except (ValueError, IndexError, KeyError) as error:
        raise LoadError(f"{path} is not VNN-LIB 1.0: {error}") from error


def parse(text: str) -> list[Case]:
    """The unsafe cases of a property given as text."""
    tokens = re.findall(r"[()]|[^\s()]+", re.sub(r";[^\n]*", "", text))
    counts = {"X": 0, "Y": 0}
    clauses: list[Clause] = [()]
    for form in _forms(iter(tokens)):
        if form[0] == "declare-const":
            kind, _, number = str(form[1]).partition("_")
            counts[kind] = max(counts[kind], int(number) + 1)
        elif form[0] == "assert":
            more = _clauses(form[1])
            if len(more) * len(clauses) > LARGEST:
                raise ValueError(f"more than {LARGEST} combinations of disjuncts")
            clauses = [(*a, *b) for a, b in itertools.product(clauses, more)]
        else:
            raise ValueError(f"{form[0]!r} is not known")
    return [_case(clause, counts["X"], counts["Y"]) for clause in clauses]


def _forms(tokens: Iterator[str]) -> Iterator[list[Any]]:
    stack: list[list[Any]] = [[]]
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            if len(stack) == 1:
                raise ValueError("a parenthesis is closed that was not opened")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise ValueError("a parenthesis is not closed")
    yield from stack[0]


def _clauses(form: list[Any]) -> list[Clause]:
    match form[0]:
        case "and":
            parts = [_clauses(part) for part in form[1:]]
            return [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*parts)]
        case "or":
            return [clause for part in form[1:] for clause in _clauses(part)]
        case "<=" | "<" | ">=" | ">" | "=":
            left, right = _linear(form[1]), _linear(form[2])
            below, above = left.plus(right, -1.0), right.plus(left, -1.0)
            if form[0] == "=":
                return [(below, above)]
            return [(below,)] if form[0][0] == "<" else [(above,)]
        case _:
            raise ValueError(f"{form[0]!r} is not known")


def _linear(form: Any) -> Linear:
    if isinstance(form, str):
        return Linear(((form, 1.0),), 0.0) if form[0] in "XY" else Linear((), float(form))
    parts = [_linear(part) for part in form[1:]]
    if form[0] in ("+", "-"):
        sign = 1.0 if form[0] == "+" else -1.0
        total = parts[0] if len(parts) > 1 or sign > 0 else Linear((), 0.0).plus(parts[0], -1.0)
        for part in parts[1:]:
            total = total.plus(part, sign)
        return total
    if form[0] == "*" and len(parts) == 2:
        for one, other in (parts, parts[::-1]):
            if not one.factors:
                return Linear((), 0.0).plus(other, one.constant)
    raise ValueError(f"the term {form} is not linear")


def _case(clause: Clause, inputs: int, results: int) -> Case:
    lower, upper = [-math.inf] * inputs, [math.inf] * inputs
    rows: list[Linear] = []
    for term in clause:
        if len(term.factors) == 1 and term.factors[0][0].startswith("X_") and term.factors[0][1] != 0:
            name, factor = term.factors[0]
            k, bound = int(name[2:]), -term.constant / factor
            if factor > 0:
                upper[k] = min(upper[k], bound)
            else:
                lower[k] = max(lower[k], bound)
        else:
            rows.append(term)
    if not all(map(math.isfinite, (*lower, *upper))):
        raise ValueError("an input has no lower or no upper bound")
    by_output, by_input = torch.zeros(len(rows), results).double(), torch.zeros(len(rows), inputs).double()
    for row, term in enumerate(rows):
        for name, factor in term.factors:
            (by_output if name[0] == "Y" else by_input)[row, int(name[2:])] += factor
    constants = torch.tensor([term.constant for term in rows], dtype=torch.float64)
    return Case(
        torch.tensor(lower, dtype=torch.float64),
        torch.tensor(upper, dtype=torch.float64),
        by_output,
        by_input,
        constants,
    )
