"""A graph in native code, under PyTorch's autograd: forward and backward are one compiled function each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import fx

from diptych.autodiff.written import Written, write_out
from diptych.backends.compilers import compile_exchanged
from diptych.backends.native.call import NativeFailed, compile_native
from diptych.errors import DiptychError
from diptych.graph import walk
from diptych.graph.layout import Leaf
from diptych.graph.legality import indices
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec
from diptych.hybrid.worker import TRACING, WORKER, Task
from diptych.passes.pipeline import optimise

Run = Callable[..., tuple[Any, ...]]
FAILURES = 8
"""From how many runs on that did not finish the code is given up, if most did not."""
PATTERNS = 3
"""For how many choices of outputs with gradients code is made."""
MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace operation"


class Code:
    """The compiled code of a graph, for gradients of the outputs `seeded` (all, if None)."""

    def __init__(
        self,
        graph: SymbolicGraph,
        samples: Sequence[Any],
        seeded: Collection[int] | None,
        volatile: Collection[int],
        compiler: str = "native",
    ) -> None:
        bare = without_use(graph, samples)
        with TRACING:
            grad = torch.is_grad_enabled()
            self.written: Written = write_out(graph.module, samples, grad, seeded, volatile, bare, WORKER.stop)
            self.inputs = in_place(graph, samples, volatile, self.written) if compiler == "native" else {}
            optimise(self.written.forward)
            if self.written.backward is not None:
                optimise(self.written.backward)
        WORKER.stop()
        self.leaves = [k for k in self.inputs.values() if samples[k].requires_grad]
        self.forward: Run
        self.backward: Run | None = None
        self.random = False
        self.direct: Run | None = None
        """The function with as little around it as possible, if it gives the outputs and nothing else."""
        if compiler != "native":
            self.forward, self.backward = compile_exchanged(compiler, self.written, samples)
            return
        native = compile_native(self.written.forward, graph.name, self.inputs)
        self.forward, self.random = native, native.function.random
        WORKER.stop()
        if self.written.backward is not None:
            self.backward = compile_native(self.written.backward, f"gradient of {graph.name}")
        elif not self.inputs and not self.random and len(native.function.results) == self.written.outputs:
            self.direct = native.direct


class Compiled:
    """The compiled code of a graph for inputs of certain types; `plain` is the graph run operation by operation.

    Code for gradients of some outputs only is made as a task: `later` has it done at once or in the background.
    """

    def __init__(
        self,
        graph: SymbolicGraph,
        samples: Sequence[Any],
        plain: Run,
        later: Callable[[Task], None],
        compiler: str = "native",
    ) -> None:
        self.graph, self.plain, self.later, self.compiler = graph, plain, later, compiler
        self.volatile = overwritten(graph, samples)
        self.code = Code(graph, samples, None, self.volatile, compiler)
        self.patterns = 0
        self.calls = 0
        self.failures = 0

    def hopeless(self) -> bool:
        """Whether most runs do not finish: the path is mostly one that the code is not for."""
        return self.failures >= FAILURES and 2 * self.failures > self.calls

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        code = self.code
        self.calls += 1
        if code.leaves and not all(flat[k].is_leaf for k in code.leaves):
            return self.plain(*flat)
        states = (torch.get_rng_state(), random.getstate()) if code.random else None
        lasting = flat
        if code.backward is not None and self.volatile:
            lasting = [value.clone() if k in self.volatile else value for k, value in enumerate(flat)]
        try:
            with torch.no_grad():
                made = code.forward(*flat)
        except NativeFailed:
            self.failures += 1
            if states is not None:
                torch.set_rng_state(states[0])
                random.setstate(states[1])
            return self.plain(*flat)
        if code.inputs:
            torch.autograd.graph.increment_version([flat[k] for k in code.inputs.values()])
        written = code.written
        if code.backward is None:
            return made[: written.outputs]
        outputs = list(made[: written.outputs])
        given = {id(value) for value in flat}
        first: dict[int, int] = {}
        chosen: list[Any] = []
        for k in written.differentiable:
            value = outputs[k]
            own = id(value) not in given and id(value) not in first
            first.setdefault(id(value), k)
            chosen.append(value if own else value.detach())
        wanted = [flat[k] for k in written.wanted]
        found = NativeStep.apply(self, code, lasting, states, made[written.outputs :], chosen, *wanted)
        assert isinstance(found, tuple)
        histories = dict(zip(written.differentiable, found, strict=True))
        for k in written.differentiable:
            if id(made[k]) not in given:
                outputs[k] = histories[first[id(made[k])]]
        return tuple(outputs)

    def seen(self, seeded: Collection[int], flat: Sequence[Any]) -> None:
        """Gradients came for these outputs only: code for just that, from the next call on."""
        if self.patterns < PATTERNS:
            self.patterns += 1

            def make() -> None:
                try:
                    with torch.enable_grad():
                        self.code = Code(self.graph, flat, seeded, self.volatile, self.compiler)
                except DiptychError:
                    self.patterns = PATTERNS

            self.later(make)


class NativeStep(torch.autograd.Function):
    """The results of a compiled graph with their history.

    A gradient that is differentiated again, or that comes for other outputs than the code was made for, is run plainly.
    """

    @staticmethod
    def forward(
        ctx: Any, compiled: Compiled, code: Code, flat: Any, states: Any, extra: Any, chosen: list[Any], *wanted: Any
    ) -> Any:
        ctx.set_materialize_grads(False)
        ctx.compiled, ctx.code, ctx.states = compiled, code, states
        ctx.flat = flat
        ctx.saved = [
            flat[-1 - k] if k < 0 else without_history(extra[k - code.written.outputs]) for k in code.written.saved
        ]
        ctx.versions = versions(ctx.flat), versions(ctx.saved)
        return tuple(chosen)

    @staticmethod
    def backward(ctx: Any, *seeds: Any) -> Any:
        compiled: Compiled = ctx.compiled
        code: Code = ctx.code
        written, backward = code.written, code.backward
        assert backward is not None
        nothing = (None,) * 6
        given = {k: seed for k, seed in zip(written.differentiable, seeds, strict=True) if seed is not None}
        if torch.is_grad_enabled():
            return (*nothing, *again(ctx, given, create_graph=True))
        if tuple(given) != written.seeded:
            if compiled.code is code:
                compiled.seen(tuple(given), ctx.flat)
            return (*nothing, *again(ctx, given, create_graph=False))
        if versions(ctx.saved) != ctx.versions[1]:
            raise RuntimeError(MODIFIED)
        try:
            return (*nothing, *backward(*(seed.contiguous() for seed in given.values()), *ctx.saved))
        except NativeFailed:
            return (*nothing, *again(ctx, given, create_graph=False))


def overwritten(graph: SymbolicGraph, samples: Sequence[Any]) -> frozenset[int]:
    """The inputs that the effects of a graph write into, or that share memory with such."""
    paths = {effect.path for effect in graph.effects if effect.kind == "tensor"}
    tensors = {k: value for k, value in enumerate(samples) if isinstance(value, torch.Tensor)}
    written = [tensors[k] for k, place in enumerate(graph.inputs) if place.path in paths and k in tensors]
    memory = {value.untyped_storage()._cdata for value in written}
    return frozenset(k for k, value in tensors.items() if value.untyped_storage()._cdata in memory)


def in_place(
    graph: SymbolicGraph, samples: Sequence[Any], volatile: Collection[int], written: Written
) -> dict[int, int]:
    """The outputs that only replace what is in an input, each with the input: it can be written to at once.

    That is memory of its own, and what is written there has no history, or goes into a leaf.
    """
    places = {place.path: k for k, place in enumerate(graph.inputs) if k in volatile}
    uses = Counter(index for layout in (graph.result, *(e.value for e in graph.effects)) for index in indices(layout))
    memory = [samples[k].untyped_storage()._cdata for k in volatile]
    outputs = walk.outputs(graph.module)
    found: dict[int, int] = {}
    for effect in graph.effects:
        place = places.get(effect.path) if effect.kind == "tensor" else None
        if place is None or not isinstance(effect.value, Leaf) or uses[effect.value.index] > 1:
            continue
        target, node = samples[place], outputs[effect.value.index]
        spec = node.meta.get("spec") if isinstance(node, fx.Node) else None
        alone = memory.count(target.untyped_storage()._cdata) == 1 and target.is_contiguous()
        bare = not target.requires_grad and effect.value.index not in written.differentiable
        free = bare or not torch.is_grad_enabled() or (target.is_leaf and target.requires_grad)
        fits = isinstance(spec, TensorSpec) and (spec.dtype, spec.shape) == (target.dtype, tuple(target.shape))
        if alone and free and fits and place not in found.values():
            found[effect.value.index] = place
    return found


def without_use(graph: SymbolicGraph, samples: Sequence[Any]) -> frozenset[int]:
    """The outputs that are only written into leaves that require a gradient, such as new values of parameters.

    Their history goes nowhere; a leaf that requires none takes on the history of what is written into it.
    """
    leaves = {
        place.path
        for place, value in zip(graph.inputs, samples, strict=True)
        if isinstance(value, torch.Tensor) and value.is_leaf and value.requires_grad
    }
    bare = [e for e in graph.effects if e.kind == "tensor" and e.path in leaves]
    others = [graph.result, *(e.value for e in graph.effects if e not in bare)]
    used = {index for layout in others for index in indices(layout)}
    return frozenset({index for effect in bare for index in indices(effect.value)} - used)


def without_history(value: Any) -> Any:
    """A tensor of the same memory that does not keep the graph of its history alive."""
    return value.detach() if isinstance(value, torch.Tensor) else value


def versions(values: Sequence[Any]) -> list[int]:
    """How often each tensor was written."""
    return [value._version if isinstance(value, torch.Tensor) else 0 for value in values]


def again(ctx: Any, given: dict[int, torch.Tensor], create_graph: bool) -> tuple[Any, ...]:
    """The gradient by PyTorch's autograd, of the graph run once more: it can be differentiated."""
    flat, compiled = ctx.flat, ctx.compiled
    if versions(flat) != ctx.versions[0]:
        raise RuntimeError(MODIFIED)
    now = torch.get_rng_state(), random.getstate()
    if ctx.states is not None:
        torch.set_rng_state(ctx.states[0])
        random.setstate(ctx.states[1])
    try:
        with torch.enable_grad():
            made = compiled.plain(*flat)
    finally:
        torch.set_rng_state(now[0])
        random.setstate(now[1])
    pairs = [(made[k], s) for k, s in given.items() if isinstance(made[k], torch.Tensor) and made[k].requires_grad]
    wanted = [flat[k] for k in ctx.code.written.wanted]
    if not pairs:
        return (None,) * len(wanted)
    outputs, seeds = [out for out, _ in pairs], [seed for _, seed in pairs]
    first = {id(value): k for k, value in reversed(list(enumerate(wanted)))}
    found = torch.autograd.grad(outputs, wanted, seeds, create_graph=create_graph, allow_unused=True)
    # A tensor that is given twice has its whole gradient already where it stands first.
    return tuple(value if first[id(wanted[k])] == k else None for k, value in enumerate(found))
