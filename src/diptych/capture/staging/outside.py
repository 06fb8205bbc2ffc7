"""The world outside a trace: what a trace has seen of it, relies on, and feeds to the graph."""

from __future__ import annotations

import collections
import enum
import functools
import types
from typing import Any

import torch
from torch import fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, StatelessSymbolicContext
from torch.utils._python_dispatch import _disable_current_modes

from diptych.capture.guards import (
    Equal,
    EqualArray,
    Guard,
    Keys,
    Lacks,
    Length,
    OfType,
    Same,
    SameAs,
    TensorFacts,
    Unchanged,
    describe,
)
from diptych.capture.interpreter import Signal
from diptych.capture.sources import Attribute, ClassEntry, Constantly, Source, every_item, item_source
from diptych.capture.staging.externals import External
from diptych.capture.structure import NODE, root
from diptych.capture.tensors import Handle, Store, attach
from diptych.capture.trail import MISSING, AttributePlace, ContentsPlace
from diptych.graph.spec import NumberSpec

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), torch.dtype, torch.device, torch.layout,
         torch.memory_format, torch.Size, range, slice)  # fmt: skip

NUMBERS = (int, float, bool)

CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)


class ReadAfterAll(Signal):
    """A list that was taken to be appended to only is read: the trace must begin again, without such lists."""


class World:
    """What a trace has seen of the outside: sources by object, inputs, and guards."""

    def __init__(self, tape: Any, vary: dict[str, Any]) -> None:
        self.tape = tape
        self.vary = vary
        self.sources: dict[int, Source] = {}
        self.alive: list[Any] = []
        self.externals: list[External] = []
        self.inputs: dict[int, torch.Tensor] = {}
        self.numbers: dict[str, Any] = {}
        self.opened: dict[int, Any] = {}  # tuples of the outside that hold values of the graph for the trace
        self.guards: list[Guard] = []
        self.reads: dict[tuple[int, Any], Any] = {}
        self.written: set[str] = set()
        self.baseline: dict[Any, Any] = {}
        self.functions: set[int] = set()
        self.unread: dict[int, int] = {}
        self.appending = False
        self.append_lists = True
        self.looking_back = False
        self.size_places: dict[str, tuple[int, int]] = {}
        self.placed = 0
        self.recurring: list[Any] = []
        self.streams: dict[int, Any] = {}

    def known(self, value: Any) -> bool:
        """Whether an object was there before the trace."""
        return id(value) in self.sources or isinstance(
            value, torch.nn.Module | types.ModuleType | type | types.FunctionType
        )

    def enter(self, value: Any, source: Source, role: str = "state") -> Any:
        """A value of the outside as the trace sees it; guards and inputs are noted."""
        if isinstance(value, torch.Tensor):
            fake = self.tensor(value, source, role)
            return fake if self.vary.get(source.path) else value
        if type(value) in NUMBERS and self.varies(value, source):
            return self.number(value, source, role)
        if id(value) in self.unread or (self.appending and id(value) not in self.sources and holds_list(value)):
            return self.append_only(value, source)
        if id(value) in self.sources and not isinstance(value, PLAIN):
            known = self.sources[id(value)]
            self.guards.append(Guard(source, f"{source.path} is {known.path}", SameAs(known)))
            return self.opened.get(id(value), value)
        if isinstance(value, (*PLAIN, enum.Enum)):
            self.guards.append(Guard(source, f"{source.path} == {value!r}", Equal(value), value))
            return value
        if isinstance(value, CONTAINERS):
            return self.container(value, source, role)
        self.register(value, source)
        if isinstance(value, bytearray) or type(value).__module__ == "numpy":
            self.guards.append(Guard(source, f"{source.path} has the same elements", EqualArray(value)))
            return value
        if hasattr(value, "__next__") or isinstance(value, memoryview):
            raise self.tape.refuse("outside-world", f"{source.path} is a {type(value).__name__} that is used up")
        if self.record_like(value):
            self.guards.append(Guard(source, f"type({source.path}) is {type(value).__name__}", OfType(type(value))))
            return value
        self.guards.append(Guard(source, f"{source.path} is the same {type(value).__name__}", Same(value)))
        return value

    def varies(self, value: Any, source: Source) -> bool:
        """Whether a number is an input of the graph."""
        if self.recurring and root(source) is NODE and type(value) is not bool:
            closed = self.recurring[-1].closed
            return NODE.path not in closed and source.path not in closed
        return source.path in self.vary or every_item(source.path) in self.vary

    def append_only(self, value: Any, source: Source) -> Any:
        """A list of the outside to which the program appends, or a dict of such lists: what it holds does not matter.

        That is so until it is read; of a dict, lists excepted, entries may be read by their keys.
        """
        if not self.appending:
            raise ReadAfterAll
        known = self.sources.get(id(value))
        if known is None:
            self.register(value, source)
            self.unread[id(value)] = len(value)
            if isinstance(value, dict):
                self.entries(value, source)
            else:
                self.guards.append(Guard(source, f"type({source.path}) is list", OfType(list)))
        elif known.path != source.path:
            self.guards.append(Guard(source, f"{source.path} is {known.path}", SameAs(known)))
        return value

    def check_read(self, value: Any) -> None:
        """What was found in a container is going to be read."""
        if id(value) in self.unread and not self.appending:
            raise ReadAfterAll

    def record_like(self, value: Any) -> bool:
        """Objects that come anew with each call: compared by their attributes as these are read."""
        return (
            hasattr(value, "__dict__")
            and not callable(value)
            and not isinstance(value, torch.nn.Module | types.ModuleType | type)
            and not isinstance(value, torch.Generator)
        )

    def is_record(self, value: Any) -> bool:
        """Whether a value is an object of the outside that is known by its attributes."""
        return id(value) in self.sources and not isinstance(value, PLAIN) and self.record_like(value)

    def refers(self, value: Any) -> bool:
        """Objects of the outside that may be others at the next call: referred to by where they stand."""
        return (
            id(value) in self.sources
            and not isinstance(value, PLAIN)
            and (isinstance(value, list | dict | set | collections.deque) or self.record_like(value))
        )

    def register(self, value: Any, source: Source) -> None:
        """Remember where an object was found."""
        self.sources[id(value)] = source
        self.alive.append(value)

    def container(self, value: Any, source: Source, role: str) -> Any:
        """A container: its type and length are guarded, its items entered."""
        self.register(value, source)
        kind = type(value)
        if isinstance(value, dict):
            return self.entries(value, source, role)
        if isinstance(value, set | frozenset):
            self.guards.append(Guard(source, f"{source.path} == {value!r}", Equal(set(value), kind)))
            return value
        self.guards.append(Guard(source, f"len({source.path}) == {len(value)}", Length(kind, len(value))))
        items = [self.enter(item, item_source(source, i), role) for i, item in enumerate(list(value))]
        if any(a is not b for a, b in zip(items, value, strict=True)):
            if isinstance(value, tuple):
                made = self.opened[id(value)] = type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
                return made
            for index, item in enumerate(items):
                self.replace(value, index, item)
        return value

    def entries(self, value: dict[Any, Any], source: Source, role: str = "state") -> dict[Any, Any]:
        """The keys of a dict, and what stands there."""
        keys = list(value)
        self.guards.append(Guard(source, f"the keys of {source.path}", Keys(type(value), keys)))
        for position, key in enumerate(keys):
            entered = self.enter(value[key], item_source(source, key, position), role)
            if entered is not value[key]:
                self.replace(value, key, entered)
        return value

    def replace(self, owner: Any, key: Any, value: Any) -> None:
        """For the time of the trace, an outside container holds a number of the graph."""
        place = ContentsPlace(owner)
        before, raw = place.get(), owner[key]
        owner[key] = value
        layers = self.tape.trail.layers
        layers[0].old.setdefault(place.key, (place, before))
        for layer in layers[1:]:
            if place.key in layer.old:
                content = layer.old[place.key][1]
                there = key in content if isinstance(content, dict) else key < len(content)
                if there and content[key] is raw:
                    content[key] = value
        self.baseline[place.key] = place.get()

    def number(self, value: Any, source: Source, role: str) -> Any:
        """A number that varies from call to call: an input of the graph."""
        if source.path in self.numbers:
            return self.numbers[source.path]
        kind = type(value).__name__
        node = self.placeholder(NumberSpec(kind))
        made = self.numbers[source.path] = self.tape.number(node, kind)
        self.externals.append(External(self, value, source, node, role))
        self.guards.append(Guard(source, f"{source.path} is {kind}", OfType(type(value))))
        return made

    def value_of(self, node: fx.Node) -> Any:
        """The value of an input at the call that is traced."""
        return next(e.value for e in self.externals if e.node is node)

    def placeholder(self, spec: Any) -> fx.Node:
        """A new input of the whole graph."""
        root = self.tape.root
        self.placed += 1
        return root.placeholder(f"x{self.placed}", {"spec": spec, "where": None})

    def tensor(self, value: torch.Tensor, source: Source, role: str = "state") -> torch.Tensor:
        """A tensor from outside: its traced stand-in."""
        with torch._C.DisableTorchFunction(), _disable_current_modes():
            return self.stand_in(value, source, role)

    def stand_in(self, value: torch.Tensor, source: Source, role: str) -> torch.Tensor:
        if id(value) in self.inputs:
            first = self.sources[id(value)]
            if first.path != source.path:
                self.guards.append(Guard(source, f"{source.path} is {first.path}", SameAs(first)))
            return self.inputs[id(value)]
        self.check(value, source)
        dims = self.vary.get(source.path)
        dims = dims if isinstance(dims, tuple) and value.is_contiguous() else ()
        vary = tuple(d for d in dims if d < value.dim() and value.shape[d] > 0)
        fake = self.imitate(value, source, vary)
        shape = tuple(None if isinstance(s, torch.SymInt) else int(s) for s in fake.shape)
        for dim, size in enumerate(fake.shape):
            if isinstance(size, torch.SymInt):
                self.size_places[str(size.node.expr)] = (len(self.externals), dim)
        stride = None if vary else tuple(value.stride())
        facts = TensorFacts(value.dtype, value.device, shape, stride, value.requires_grad, type(value))
        self.guards.append(Guard(source, f"{source.path}: {describe(facts)}", facts.hold, facts))
        node = self.placeholder(self.tape.spec(fake))
        external = External(self, value, source, node, role)
        external.check_read(self.tape)
        self.externals.append(external)
        store = Store(node, value.requires_grad, external)
        attach(fake, Handle(store, node))
        self.tape.bind_sizes(fake, node)
        self.inputs[id(value)] = fake
        self.register(value, source)
        return fake

    def check(self, value: torch.Tensor, source: Source) -> None:
        """Only ordinary tensors."""
        plain = type(value) in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer)
        if not plain or value.layout != torch.strided or value.is_quantized or value.is_nested:
            raise self.tape.refuse("tensor-subclass", f"{source.path} is a {type(value).__name__} ({value.layout})")
        if value.is_conj() or value.is_neg():
            raise self.tape.refuse("tensor-subclass", f"{source.path} is a conjugated or negated view")

    def imitate(self, value: torch.Tensor, source: Source, vary: Any) -> torch.Tensor:
        """A fake tensor of the same type."""
        tape = self.tape
        if not vary:
            return tape.empty(value.shape, value.dtype, value.device, value.stride())
        from torch._dynamo.source import ConstantSource  # slow to import

        dims = [DimDynamic.DYNAMIC if d in vary else DimDynamic.STATIC for d in range(value.dim())]
        context: Any = StatelessSymbolicContext(dynamic_sizes=dims)
        plain = torch.empty(tuple(value.shape), dtype=value.dtype, device=value.device)
        return tape.fake_mode.from_tensor(plain, symbolic_context=context, source=ConstantSource(f"x{self.placed}"))

    def attribute(self, owner: Any, name: str, value: Any) -> Any:
        """An attribute of an outside object is read."""
        key = (id(owner), name)
        if key in self.reads:
            known = self.reads[key]
            return known[1] if known[0] is value else value
        base = self.sources.get(id(owner))
        if base is None:
            if not isinstance(owner, torch.nn.Module):
                return value
            base = self.locate(owner)
        path = f"{base.path}.{name}" if base.path else name
        entered = self.enter(value, Source(path, base, Attribute(name)))
        if id(value) in self.unread:
            return entered
        self.reads[key] = (value, entered)
        if entered is not value:
            self.stand_for(AttributePlace(owner, name), value, entered)
        return entered

    def locate(self, module: torch.nn.Module) -> Source:
        """Where a module that was reached without a path stands in one that is known; else it is held as it is."""
        for base_module in [v for v in self.alive if isinstance(v, torch.nn.Module)]:
            for name, inner in base_module.named_modules():
                if inner is module and name:
                    owner: Any = base_module
                    for step in name.split("."):
                        child = owner._modules[step]
                        if id(child) not in self.sources:
                            self.attribute(owner, step, child)
                        owner = child
                    return self.sources[id(module)]
        base = Source(type(module).__name__, None, Constantly(module))
        self.register(module, base)
        return base

    def stand_for(self, place: Any, value: Any, entered: Any) -> None:
        """For the time of the trace, a place outside holds the number of the graph that stands for its own."""
        if self.looking_back:
            return  # the program has put something else there
        layers = self.tape.trail.layers
        layers[0].old.setdefault(place.key, (place, value))
        for layer in layers[1:]:
            if place.key in layer.old and layer.old[place.key][1] is value:
                layer.old[place.key] = (place, entered)
        self.baseline[place.key] = entered
        place.set(entered)

    def callee(self, f: Any) -> None:
        """What a partial or bound method from outside holds is outside too."""
        base = self.sources.get(id(f))
        if base is None:
            return
        if isinstance(f, functools.partial):
            parts: dict[str, Any] = {"func": f.func, "args": f.args, "keywords": f.keywords}
        elif isinstance(f, types.MethodType | types.BuiltinMethodType | types.MethodWrapperType):
            parts = {"__self__": f.__self__}
        else:
            return
        for name, part in parts.items():
            if not isinstance(part, (*PLAIN, types.ModuleType)) and id(part) not in self.sources:
                self.enter(part, Source(f"{base.path}.{name}", base, Attribute(name)))

    def function(self, value: types.FunctionType) -> None:
        """A function's code and defaults are part of the program."""
        if id(value) not in self.functions:
            self.functions.add(id(value))
            self.alive.append(value)
            source = Source(value.__qualname__, None, Constantly(value))
            self.guards.append(Guard(source, f"{value.__qualname__} is unchanged", Unchanged(value)))
            for name in ("__defaults__", "__kwdefaults__"):
                table: Any = getattr(value, name) or ()
                parent = Source(f"{source.path}.{name}", source, Attribute(name))
                for key, default in table.items() if isinstance(table, dict) else enumerate(table):
                    if not isinstance(default, PLAIN):
                        self.enter(default, item_source(parent, key))

    def class_function(self, owner: Any, name: str, found: Any) -> None:
        """A method is what its class says, and the object has no attribute of that name."""
        kind = type(owner)
        if (id(kind), name) not in self.reads:
            self.reads[id(kind), name] = (found, found)
            self.alive.append(kind)
            source = Source(f"{kind.__name__}.{name}", None, ClassEntry(kind, name))
            self.guards.append(Guard(source, f"{kind.__name__}.{name} is the same", Same(found)))
        self.missing(owner, name)

    def key(self, owner: Any, key: Any) -> None:
        """A tensor as a key of a dict or member of a set stands for itself: another one would be another key."""
        source = self.sources.get(id(key)) if isinstance(key, torch.Tensor) else None
        if source is not None and isinstance(owner, dict | set | frozenset):
            self.guards.append(Guard(source, f"{source.path} is the same tensor", Same(key)))

    def missing(self, owner: Any, name: str) -> None:
        """An outside object was found not to have an attribute."""
        base = self.sources.get(id(owner))
        if base is None and isinstance(owner, torch.nn.Module):
            base = self.locate(owner)
        if base is not None and (id(owner), name) not in self.reads:
            self.reads[id(owner), name] = (MISSING, MISSING)
            self.guards.append(Guard(base, f"{base.path} has no {name}", Lacks(name)))


def holds_list(value: Any) -> bool:
    """Whether a value is a list, or a dict with a list somewhere in it."""
    return type(value) is list or (type(value) is dict and any(holds_list(v) for v in value.values()))
