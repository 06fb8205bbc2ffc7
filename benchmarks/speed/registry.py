"""The programs by name: "lenet/train" is the function `train` of `programs/lenet.py`, and of `in_jax/lenet.py`.

This file and what it imports know neither torch nor JAX.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

PROGRAMS = [
    "lenet/train",
    "lenet/infer",
    "resnet50/train",
    "resnet50/infer",
    "inception/train",
    "inception/infer",
    "lstm/train",
    "lstm/infer",
    "language_model/train",
    "language_model/infer",
    "treernn/train",
    "treernn/infer",
    "treelstm/train",
    "treelstm/infer",
    "actor_critic/train",
    "ppo/train",
    "gan/train",
    "gan/infer",
    "unet/train",
    "unet/infer",
    "tanh_cell/train",
    "tanh_cell/infer",
    "newton/infer",
    "early_exit/train",
    "early_exit/infer",
    "beam_search/infer",
    "ode/train",
    "ode/infer",
    "automaton/train",
    "automaton/infer",
    "mlp/infer-1",
    "mlp/infer-8",
]
"""In the order of the table; a dash in the second part is an underscore in the function's name."""

OURS = ("diptych", "diptych-auto", "diptych-native")
OTHERS = ("compile", "max-autotune", "aotinductor", "script", "jax")
PEERS = ("imperative", *OURS, *OTHERS)
"""In the order of the table; `peers/` says how each is used."""


def find(folder: str, name: str) -> Callable[..., Any]:
    """The function of a program; `folder` is `programs` or `in_jax`.

    Raises `NotApplicable` with the file's own reason where there is none for JAX.
    """
    file, _, kind = name.partition("/")
    try:
        module = importlib.import_module(f"benchmarks.speed.{folder}.{file}")
    except ModuleNotFoundError as error:
        if error.name != f"benchmarks.speed.{folder}.{file}":
            raise
        raise NotApplicable("not written for it") from None
    found = getattr(module, kind.replace("-", "_"), None)
    if found is None:
        raise NotApplicable("not written for it")
    return found


class NotApplicable(Exception):
    """This peer has nothing to do with this program; the message says why."""
