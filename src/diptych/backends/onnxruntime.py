"""A graph run by ONNX Runtime, for inference: exported through the exchange format, and compared before it is used."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.backends.exchange import NotExchanged, exchange, tensors

NEEDED = ("onnx", "onnxscript", "onnxruntime")
RTOL, ATOL = 1e-3, 1e-5
"""How far the results may be from those of PyTorch."""


def compile_onnx(module: fx.GraphModule, samples: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    """A graph of core operations as a function over its flat inputs, run by ONNX Runtime for inputs like `samples`.

    `NotExchanged` if it cannot be exported, or gives something else than PyTorch for these.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotExchanged(
            "this graph in ONNX Runtime", why=f"{', '.join(missing)}: not installed (pip install diptych[onnx])"
        )
    exchanged = exchange(module)
    given = tuple(tensors(samples))
    try:
        run = session(exchanged.module, given)
        found = run(*given)
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[0]
        raise NotExchanged("this graph in ONNX Runtime", why=f"{type(error).__name__}: {said}") from error
    with torch.no_grad():
        expected = exchanged.module(*given)
    memory = [value.untyped_storage()._cdata for value in (*given, *expected)]
    if any(memory.count(value.untyped_storage()._cdata) > 1 for value in expected):
        raise NotExchanged("this graph in ONNX Runtime", why="a result shares memory with an input or another result")
    for want, have in zip(expected, found, strict=True):
        alike = (want.dtype, want.shape, want.stride()) == (have.dtype, have.shape, have.stride())
        if not alike or not torch.allclose(want, have, RTOL, ATOL, True):
            raise NotExchanged("this graph in ONNX Runtime", why="its results are not those of PyTorch")
    return exchanged.function(run)


def session(module: fx.GraphModule, given: tuple[torch.Tensor, ...]) -> Callable[..., list[torch.Tensor]]:
    """The exported module as a function of tensors."""
    runtime: Any = importlib.import_module("onnxruntime")
    file = io.BytesIO()
    said, level = logging.getLogger("torch.onnx"), logging.getLogger("torch.onnx").level
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        said.setLevel(logging.ERROR)
        try:
            made: Any = torch.onnx.export(module, given, dynamo=True, opset_version=18, verbose=False)
        finally:
            said.setLevel(level)
        made.save(file)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    running = runtime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    names = [place.name for place in running.get_inputs()]
    if len(names) != len(given):
        raise ValueError(f"the exported graph has {len(names)} inputs instead of {len(given)}")

    def run(*values: torch.Tensor) -> list[torch.Tensor]:
        feeds = {name: value.detach().numpy() for name, value in zip(names, values, strict=True)}
        return [torch.from_numpy(value) for value in running.run(None, feeds)]

    return run
