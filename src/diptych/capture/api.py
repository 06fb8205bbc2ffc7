"""`diptych.capture`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from diptych.capture.program import binder
from diptych.capture.tracing import trace
from diptych.graph.program import SymbolicGraph


def capture(
    fn: Callable[..., Any], *args: Any, dynamic: bool | Mapping[str, Sequence[int]] | None = None, **kwargs: Any
) -> SymbolicGraph:
    """Capture a program into one symbolic graph that holds all its paths; nothing is assumed about tensor values.

    Args:
        fn: a function, method, lambda, callable object or `nn.Module`.
        args, kwargs: example arguments; tensors give dtypes, shapes and devices, not values.
        dynamic: None or False for the sizes of the examples; True for symbolic sizes in every dimension of every
            tensor argument; or the symbolic dimensions by parameter name, e.g. `{"x": [0]}`.

    Returns:
        The graph. Calling it with arguments of the same types does what the program does, effects included.

    Raises:
        CaptureRefused: the program holds something that cannot be staged; the message says what, where, why and what
            to do (see docs/refusals.md).
    """
    vary: dict[str, Any] = {}
    if dynamic is True:
        for name, value in binder(fn)(*args, **kwargs).arguments.items():
            if isinstance(value, torch.Tensor):
                vary[name] = tuple(range(value.dim()))
    elif isinstance(dynamic, Mapping):
        vary = {name: tuple(dims) for name, dims in dynamic.items()}
    return trace(fn, args, kwargs, vary).graph
