"""The stager, put together from its parts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import Any

import torch
from torch import fx
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import _disable_current_modes

from diptych.capture.convert import convert
from diptych.capture.dispatch import RecordingMode
from diptych.capture.hooks import interpreting
from diptych.capture.interpreter import PLAIN
from diptych.capture.recording import Recorder
from diptych.capture.sources import Constantly, Source
from diptych.capture.staging import prelude
from diptych.capture.staging.builtin import HANDLERS
from diptych.capture.staging.calling import Calling
from diptych.capture.staging.items import class_method
from diptych.capture.staging.iteration import Iteration
from diptych.capture.staging.iterators import Walk
from diptych.capture.staging.logic import Logic
from diptych.capture.staging.looping import Looping
from diptych.capture.staging.managers import Managers
from diptych.capture.staging.mixtures import mixed_contents
from diptych.capture.staging.modes import CallMode
from diptych.capture.staging.operators import Operators
from diptych.capture.staging.outside import World
from diptych.capture.staging.templates import Templates
from diptych.capture.staging.unions import Unions
from diptych.capture.tensors import HANDLE, Handle, Store, adopt, attach, handle, has_handle, node_of, requires_grad
from diptych.capture.values import Scalar, Union
from diptych.graph import own
from diptych.graph.functions import AutogradFunction
from diptych.graph.regions import Holder
from diptych.graph.spec import NumberSpec
from diptych.graph.telling import say

_lock = threading.RLock()
SET_ATTRIBUTE = torch.nn.Module.__setattr__
FUNCTION: Any = torch.autograd.Function
MODULE: Any = torch.nn.Module


class Sheet(Recorder):
    """The tape of one trace, with the world it belongs to."""

    def __init__(self, vary: dict[str, Any]) -> None:
        super().__init__()
        self.world = World(self, vary)
        self.stager: Any = None

    def fake(self, tensor: torch.Tensor) -> torch.Tensor:
        """The traced stand-in of a real tensor; one without a known source is held as it is."""
        known = self.world.inputs.get(id(tensor))
        if known is not None:
            return known
        source = self.world.sources.get(id(tensor)) or Source("a tensor", None, Constantly(tensor))
        return self.world.tensor(tensor, source)

    def nodes(self, value: Any) -> Any:
        """Traced values in a nested argument as nodes."""

        def place(v: Any) -> Any:
            if isinstance(v, torch.Tensor):
                return node_of(self, v if has_handle(v) else self.fake(v))
            if isinstance(v, Scalar):
                return v.node
            if isinstance(v, torch.Generator):
                raise self.refuse("outside-world", "a torch.Generator")
            if isinstance(v, torch.SymInt | torch.SymFloat | torch.SymBool):
                return self.size_node(v)
            return v

        return pytree.tree_map(place, value, is_leaf=lambda v: isinstance(v, Scalar))

    def unbacked(self, value: Any) -> bool:
        """Whether a symbolic truth depends on data (not on the sizes of inputs)."""
        symbols = self.shape_env.replace(value.node.expr).free_symbols
        return any(str(s).startswith(("u", "zuf")) for s in symbols)

    def scalar_of(self, name: str, kind: str, *args: Any) -> Scalar:
        """A number that an own operation computes."""
        node = self.emit(own.OWN[name], tuple(self.nodes(list(args))), None, NumberSpec(kind))
        return self.number(node, kind)

    def gradient(self, outputs: Any, inputs: Any, seeds: Any, create_graph: bool) -> tuple[torch.Tensor, ...]:
        """Gradients inside the program, as one node."""
        fakes = [i if has_handle(i) else self.fake(i) for i in inputs]
        if not torch.is_grad_enabled() or not all(requires_grad(f) for f in fakes):
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        specs = tuple(self.spec(f) for f in fakes)
        args = (tuple(self.nodes(list(outputs))), tuple(self.nodes(fakes)), seeds and tuple(self.nodes(list(seeds))))
        node = self.emit(own.OWN["gradient"], (*args, create_graph), None, specs)
        made: list[torch.Tensor] = []
        for index, (fake, spec) in enumerate(zip(fakes, specs, strict=True)):
            blank = self.empty(fake.shape, fake.dtype, fake.device, fake.stride())
            made.append(adopt(self, blank, self.item(node, index, spec), create_graph))
        return tuple(made)

    def drawn_from(self, stream: Any, function: Any) -> Any:
        """The target of a node that draws from a generator of the outside."""
        return self.stager.drawn_from(stream, function)

    def autograd_function(self, kind: Any, args: tuple[Any, ...]) -> Any:
        """A user's `autograd.Function` as one node; its forward runs once, unrecorded, for the types of its results."""
        args = tuple(self.stager.arguments(a) for a in args)
        fakes = tuple(self.fake(a) if isinstance(a, torch.Tensor) and not has_handle(a) else a for a in args)
        grad = torch.is_grad_enabled() and any(isinstance(a, torch.Tensor) and requires_grad(a) for a in fakes)
        with self.stager.unrecorded():
            outputs = kind.apply(*[a.clone() if isinstance(a, torch.Tensor) else a for a in fakes])
        nodes = tuple(self.nodes(list(fakes)))
        bare = isinstance(outputs, torch.Tensor)
        flat: list[Any] = [outputs] if bare else list(outputs)
        specs = tuple(self.spec(o) for o in flat)
        node = self.emit(AutogradFunction(kind), nodes, None, specs[0] if bare else specs)
        for index, (out, spec) in enumerate(zip(flat, specs, strict=True)):
            if isinstance(out, torch.Tensor):
                vars(out).pop(HANDLE, None)
                adopt(self, out, node if bare else self.item(node, index, spec), grad)
        return outputs


class Stager(Calling, Operators, Unions, Logic, Templates, Iteration, Managers, Looping):
    """Turns a transformed program into a symbolic graph."""

    def __init__(self, vary: dict[str, Any]) -> None:
        tape = Sheet(vary)
        super().__init__(tape)
        tape.stager = self
        self.world = tape.world
        tape.trail.watch = self.watch
        self.inexact: set[Any] = set()
        self.busy = False
        self.leaves: list[tuple[Store, torch.Tensor]] = []
        self.stack = []
        self.folds = []
        self.unfoldable = set()
        self.batches: dict[str, fx.GraphModule] = {}
        self.apply = torch.autograd.Function.__dict__["apply"]

    @contextlib.contextmanager
    def tracing(self) -> Generator[None]:
        """Everything torch does on this thread goes to the tape, below autograd."""
        below = torch._C._AutoDispatchBelowAutograd
        with _lock, self.intercepting(), interpreting(self), below(), CallMode(self), RecordingMode(self.tape):
            yield

    @contextlib.contextmanager
    def unrecorded(self) -> Generator[None]:
        """Types only: what runs here leaves no trace in the graph."""
        tape = self.tape
        real = torch.autograd.Function.__dict__["apply"]
        FUNCTION.apply = self.apply
        try:
            with _disable_current_modes(), torch._C.DisableTorchFunction(), tape.fake_mode:
                yield
        finally:
            FUNCTION.apply = real

    @contextlib.contextmanager
    def unrecorded_world(self) -> Generator[None]:
        """Real computation in the middle of a trace, as if there were none."""
        with _disable_current_modes(), torch._C.DisableTorchFunction(), interpreting(PLAIN):
            yield

    @contextlib.contextmanager
    def intercepting(self) -> Generator[None]:
        """`Function.apply` inside torch's own code is seen too; other threads keep the real one."""
        thread = threading.get_ident()
        plain = self.apply
        stager = self

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != thread:
                return plain.__get__(None, cls)(*args, **kwargs)
            return stager.autograd_function(cls, args, kwargs)

        def set_attribute(module: Any, name: str, value: Any) -> None:
            own = isinstance(module, torch.fx.GraphModule | Holder)
            if own or threading.get_ident() != thread or stager.busy:
                SET_ATTRIBUTE(module, name, value)
                return
            stager.busy = True
            try:
                stager.setattr(module, name, value)
            finally:
                stager.busy = False

        FUNCTION.apply = classmethod(apply)
        MODULE.__setattr__ = set_attribute
        try:
            yield
        finally:
            FUNCTION.apply = plain
            MODULE.__setattr__ = SET_ATTRIBUTE

    def make_leaf(self, tensor: torch.Tensor) -> torch.Tensor:
        """`requires_grad_()` of a tensor that the program made: from now on a leaf of its own."""
        fake = self.traced(tensor)
        it = handle(fake)
        if requires_grad(fake) or (it.parent is None and it.store.external is not None):
            raise self.tape.refuse("autograd-inside", "requires_grad_() of a tensor from outside, or with a history")
        node = self.tape.emit(own.OWN["leaf"], (node_of(self.tape, fake), True), None, self.tape.spec(fake))
        store = Store(node, True)
        store.depth = self.tape.region.depth
        store.twins = ((it.store, it.store.version),)
        store.leaf, store.grad = node, None
        self.leaves.append((store, fake))
        attach(fake, Handle(store, node))
        return fake

    def smallest(self, lengths: list[Any]) -> Any:
        """The least of several lengths."""
        return lengths[0] if len(lengths) == 1 else HANDLERS[min](self, *lengths)

    def accumulate(self, items: Any, start: Any) -> Any:
        """`sum` of a growing list."""
        return self.inline(prelude.accumulate, convert(prelude.accumulate), (items, start), {})

    def collect(self, items: Any) -> Any:
        """`list` of a staged range."""
        return self.inline(prelude.collect, convert(prelude.collect), (items,), {})

    def iterator(self, items: Any) -> Any:
        """What `iter(items)` gives of an object whose class is the program's; other objects as they are."""
        method = class_method(items, "__iter__")
        if self.transforms(method) and not isinstance(items, list | tuple | dict):
            return self.call(method, items)
        if method is None and self.transforms(class_method(items, "__getitem__")):
            walk = Walk(items)
            self.mine(walk)
            return walk
        return items

    def contents_vary(self, items: Any) -> bool:
        """Whether a container's contents depend on the path."""
        return mixed_contents(items) is not None

    def print_(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """`print`: the line is made when the graph runs, in order."""
        if set(kwargs) - {"sep", "end", "flush"}:
            raise self.tape.refuse("outside-world", "print to a file")
        sep, end = kwargs.get("sep"), kwargs.get("end")
        parts: list[Any] = []
        for index, arg in enumerate(args):
            if index:
                parts.append(" " if sep is None else sep)
            parts.append(self.format(arg, ord("s"), ""))
        parts.append("\n" if end is None else end)
        text = self.join_text(*parts)
        if isinstance(text, Union):
            raise self.tape.refuse("structure-in-branch", "print of a value of path-dependent type")
        self.tape.emit(say, (text.node if isinstance(text, Scalar) else text,), None, NumberSpec("int"))

    def known(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor has a handle."""
        return has_handle(tensor)
