"""A graph compiled by PyTorch's own compiler, Inductor, for graphs on a GPU or on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.backends.exchange import NotExchanged, exchange, tensors


def compile_inductor(module: fx.GraphModule, samples: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    """A graph of core operations as a function over its flat inputs, compiled for inputs like `samples`.

    `NotExchanged` if the exchange format has no words for it, or the compiler refuses it.
    """
    exchanged = exchange(module)
    run = torch.compile(exchanged.module, fullgraph=True, dynamic=False)
    try:
        with torch.no_grad():
            run(*tensors(samples))
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[0]
        raise NotExchanged("this graph in Inductor", why=f"{type(error).__name__}: {said}") from error
    return exchanged.function(run)
