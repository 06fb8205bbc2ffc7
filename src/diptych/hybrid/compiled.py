"""A graph in native code, under PyTorch's autograd: forward and backward are one compiled function each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import torch

from diptych.autodiff.written import Written, write_out
from diptych.backends.native.call import NativeFailed, NativeGraph, compile_native
from diptych.graph.program import SymbolicGraph
from diptych.passes.pipeline import optimise

Run = Callable[..., tuple[Any, ...]]


class Compiled:
    """The native code of a graph for inputs of certain types; `plain` is the graph run operation by operation."""

    def __init__(self, graph: SymbolicGraph, samples: Sequence[Any], plain: Run) -> None:
        self.plain = plain
        self.grad = torch.is_grad_enabled()
        self.written: Written = write_out(graph.module, samples, self.grad)
        optimise(self.written.forward)
        self.forward: NativeGraph = compile_native(self.written.forward, graph.name)
        self.backward: NativeGraph | None = None
        if self.written.backward is not None:
            optimise(self.written.backward)
            self.backward = compile_native(self.written.backward, f"gradient of {graph.name}")
        self.failures = 0

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        states = (torch.get_rng_state(), random.getstate()) if self.forward.function.random else None
        try:
            made = self.forward(*flat)
        except NativeFailed:
            self.failures += 1
            if states is not None:
                torch.set_rng_state(states[0])
                random.setstate(states[1])
            return self.plain(*flat)
        written = self.written
        if self.backward is None:
            return made[: written.outputs]
        chosen = [made[k] for k in written.differentiable]
        wanted = [flat[k] for k in written.wanted]
        found = NativeStep.apply(self, flat, states, made[written.outputs :], chosen, *wanted)
        outputs = list(made[: written.outputs])
        assert isinstance(found, tuple)
        for k, value in zip(written.differentiable, found, strict=True):
            outputs[k] = value
        return tuple(outputs)


class NativeStep(torch.autograd.Function):
    """The results of a compiled graph with their history; a gradient that is differentiated again is run plainly."""

    @staticmethod
    def forward(
        ctx: Any, compiled: Compiled, flat: Any, states: Any, extra: Any, chosen: list[torch.Tensor], *wanted: Any
    ) -> Any:
        ctx.compiled, ctx.states = compiled, states
        saved = [flat[-1 - k] if k < 0 else extra[k - compiled.written.outputs] for k in compiled.written.saved]
        ctx.plainly = [value if not isinstance(value, torch.Tensor) else None for value in saved]
        ctx.save_for_backward(*(value if isinstance(value, torch.Tensor) else None for value in saved))
        ctx.flat = flat
        ctx.versions = [value._version if isinstance(value, torch.Tensor) else 0 for value in flat]
        return tuple(chosen)

    @staticmethod
    def backward(ctx: Any, *seeds: Any) -> Any:
        compiled: Compiled = ctx.compiled
        saved = [a if a is not None else b for a, b in zip(ctx.saved_tensors, ctx.plainly, strict=True)]
        nothing = (None,) * 5
        backward = compiled.backward
        assert backward is not None
        if torch.is_grad_enabled():
            return (*nothing, *again(ctx, compiled, seeds))
        try:
            return (*nothing, *backward(*(seed.contiguous() for seed in seeds), *saved))
        except NativeFailed:
            with torch.enable_grad():
                return (*nothing, *again(ctx, compiled, seeds, create_graph=False))


def again(ctx: Any, compiled: Compiled, seeds: Any, create_graph: bool = True) -> tuple[Any, ...]:
    """The gradient by PyTorch's autograd, of the graph run once more: it can be differentiated."""
    flat = ctx.flat
    if ctx.versions != [value._version if isinstance(value, torch.Tensor) else 0 for value in flat]:
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation"
        )
    now = torch.get_rng_state(), random.getstate()
    if ctx.states is not None:
        torch.set_rng_state(ctx.states[0])
        random.setstate(ctx.states[1])
    try:
        made = compiled.plain(*flat)
    finally:
        torch.set_rng_state(now[0])
        random.setstate(now[1])
    written = compiled.written
    pairs = [
        (made[k], seed)
        for k, seed in zip(written.differentiable, seeds, strict=True)
        if isinstance(made[k], torch.Tensor) and made[k].requires_grad
    ]
    wanted = [flat[k] for k in written.wanted]
    return torch.autograd.grad(
        [out for out, _ in pairs], wanted, [seed for _, seed in pairs], create_graph=create_graph, allow_unused=True
    )
