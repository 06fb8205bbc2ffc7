"""Reading the operands of folds from structures of Python objects, by an extension of Python in C."""

from __future__ import annotations

import functools
from typing import Any

import torch

from diptych.backends.native.binding import extension, maker
from diptych.capture.recipes import TEXTS
from diptych.capture.structure import Kind, Structure

STEPS = {name: number for number, name in enumerate(TEXTS)}
"""The steps of recipes, as `walk.c` numbers them."""
NUMBERS = {torch.bool: 0, torch.int64: 1, torch.float64: 2, None: 3}
"""What becomes of the values that nodes hold: numbers of these types, or tensors."""


def quicken(structure: Structure) -> None:
    """Have a structure walked in C, if that can be compiled, and if all it holds are tensors and such numbers."""
    made = walker_type()
    known = all(dtype in NUMBERS for kind in structure.kinds for dtype in kind.dtypes)
    if made is None or not known or structure.walk is not None:
        return
    kinds = tuple(map(described, structure.kinds))
    structure.walk = made(kinds, maker(), torch.Tensor.data_ptr, torch.stack, torch.int64, torch.float64, torch.bool)


def described(kind: Kind) -> tuple[Any, ...]:
    """A kind as `walk.c` takes it: places, steps, children, rows, numbers, and tensors of no rows."""
    recipe = kind.recipe
    steps = tuple((STEPS[step.name], step.place, step.other, step.value) for step in recipe.steps)
    numbers = tuple(NUMBERS[dtype] for dtype in kind.dtypes)
    return recipe.places, steps, recipe.children, recipe.rows, numbers, tuple(map(kind.none, range(len(numbers))))


@functools.cache
def walker_type() -> Any:
    """The extension's type; None if it cannot be compiled."""
    module = extension("diptych_walk", "walk.c")
    return None if module is None else module.Walker
