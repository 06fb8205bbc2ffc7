"""Checkpoints: `backward` computes a region again, which means nothing more than that less memory is held."""

from __future__ import annotations

import gc
import types
from typing import Any

import torch.utils.checkpoint

from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.tensors import Store
from diptych.capture.trail import CellPlace

NO_CONTEXTS = torch.utils.checkpoint.noop_context_fn


@meaning(torch.utils.checkpoint.checkpoint)
def utils_checkpoint(
    stager: Any, function: Any, *args: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
    context_fn: Any = NO_CONTEXTS, determinism_check: str = "default", debug: bool = False, early_stop: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """`checkpoint(f, *args)`: `f(*args)`, if computing it a second time does nothing else than computing it once."""
    tape = stager.tape
    if use_reentrant is not False or not preserve_rng_state or context_fn is not NO_CONTEXTS or debug:
        raise tape.refuse("autograd-inside", "checkpoint() that is reentrant, or has contexts of its own")
    before = [value for value in gc.get_objects() if type(value) in (types.CellType, Store)]
    born, noticed = len(stager.kept), tape.noticed
    layer = tape.trail.open()
    depth = len(tape.trail.layers)
    try:
        made = stager.call(function, *args, **kwargs)
        old = {id(value) for value in before}
        new = {id(value) for value in stager.kept[born:]}
        changed = any(not made_inside(change.place, old, new) for change in layer.changes().values())
    finally:
        stager.keep(layer, depth)
    if changed or tape.noticed != noticed:
        raise tape.refuse("autograd-inside", "checkpoint() of a function that changes something, or prints")
    return made


def made_inside(place: Any, old: set[int], new: set[int]) -> bool:
    """Whether a place is none of the old cells and tensors, or belongs to one of the new objects."""
    if isinstance(place, Store):
        return place.external is None and id(place) not in old
    if isinstance(place, CellPlace):
        return id(place.cell) not in old
    return id(getattr(place, "owner", None)) in new
