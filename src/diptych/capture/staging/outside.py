"""The world outside a trace: where a value was found, what is checked before a graph is used, what is fed to it."""

from __future__ import annotations

import collections
import dataclasses
import enum
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, StatelessSymbolicContext
from torch.utils._python_dispatch import _disable_current_modes

from diptych.capture.tensors import Handle, Store, attach
from diptych.capture.trail import MISSING, AttributePlace, ContentsPlace
from diptych.graph.spec import NumberSpec

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), torch.dtype, torch.device, torch.layout,
         torch.memory_format, torch.Size, range, slice)  # fmt: skip
NUMBERS = (int, float)
CONTAINERS = (list, tuple, dict, set, frozenset, collections.deque)


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a value of the world outside is found: a step from another source."""

    path: str
    parent: Source | None
    read: Callable[[Any], Any]

    def fetch(self, roots: Any) -> Any:
        """The value there now."""
        return self.read(self.parent.fetch(roots) if self.parent is not None else roots)


class External:
    """A tensor or number from outside, as an input of the graph."""

    def __init__(self, world: World, value: Any, source: Source, node: fx.Node, role: str) -> None:
        self.world = world
        self.value = value
        self.source = source
        self.node = node
        self.role = role
        self.leaf = isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf

    def check_written(self, tape: Any) -> None:
        """A write to memory that another input shares would have to change both."""
        if self.value.requires_grad:
            text = f"{self.source.path}.is_leaf == {self.leaf}"
            self.world.guards.append(Guard(self.source, text, Leaf(self.leaf)))
        mine = extent(self.value)
        for other in self.world.externals:
            if other is self or not isinstance(other.value, torch.Tensor) or other.value is self.value:
                continue
            if overlap(mine, extent(other.value)):
                raise tape.refuse("shared-inputs", f"{self.source.path} and {other.source.path}")
        self.world.written.add(self.source.path)


@dataclasses.dataclass(frozen=True)
class Guard:
    """A fact about the world that the trace relied on: `check` of the value at `source`."""

    source: Source
    text: str
    check: Callable[[Any], bool]
    constant: Any = MISSING


@dataclasses.dataclass(frozen=True)
class TensorFacts:
    """What a graph needs to know of a tensor: sizes of None vary."""

    dtype: torch.dtype
    device: torch.device
    shape: tuple[int | None, ...]
    stride: tuple[int, ...] | None
    requires_grad: bool
    kind: type

    def hold(self, value: Any) -> bool:
        """Whether `value` is such a tensor."""
        if type(value) is not self.kind or value.dtype != self.dtype or value.requires_grad != self.requires_grad:
            return False
        if value.is_nested or value.layout != torch.strided or value.is_conj() or value.is_neg():
            return False
        if value.dim() != len(self.shape) or value.device != self.device:
            return False
        for want, got in zip(self.shape, value.shape, strict=True):
            if got != want and (want is not None or got == 0):  # a symbolic size is at least 1
                return False
        return value.is_contiguous() if self.stride is None else same_strides(value, self.stride)


def same_strides(value: torch.Tensor, stride: tuple[int, ...]) -> bool:
    """Whether the strides agree where they matter."""
    if value.numel() == 0:
        return tuple(value.stride()) == stride
    return all(size <= 1 or a == b for size, a, b in zip(value.shape, value.stride(), stride, strict=True))


def extent(value: torch.Tensor) -> tuple[int, int]:
    """The memory behind a tensor: first byte, and the byte after the last."""
    with torch._C.DisableTorchFunction(), _disable_current_modes():
        storage = value.untyped_storage()
        return storage.data_ptr(), storage.data_ptr() + storage.nbytes()


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two pieces of memory share a byte."""
    return a[0] < b[1] and b[0] < a[1]


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
        self.guards: list[Guard] = []
        self.reads: dict[tuple[int, Any], Any] = {}
        self.written: set[str] = set()
        self.baseline: dict[Any, Any] = {}
        self.functions: set[int] = set()
        self.size_places: dict[str, tuple[int, int]] = {}

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
        if type(value) in NUMBERS and source.path in self.vary:
            return self.number(value, source, role)
        if id(value) in self.sources and not isinstance(value, PLAIN):
            known = self.sources[id(value)]
            self.guards.append(Guard(source, f"{source.path} is {known.path}", SameAs(known)))
            return value
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

    def record_like(self, value: Any) -> bool:
        """Objects that come anew with each call: compared by their attributes as these are read."""
        return (
            hasattr(value, "__dict__")
            and not callable(value)
            and not isinstance(value, torch.nn.Module | types.ModuleType | type)
            and not isinstance(value, torch.Generator)
        )

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
            keys = list(value)
            self.guards.append(Guard(source, f"the keys of {source.path}", Keys(kind, keys)))
            for key in keys:
                value_ = self.enter(value[key], item_source(source, key), role)
                if value_ is not value[key]:
                    self.replace(value, key, value_)
            return value
        if isinstance(value, set | frozenset):
            self.guards.append(Guard(source, f"{source.path} == {value!r}", Equal(set(value), kind)))
            return value
        self.guards.append(Guard(source, f"len({source.path}) == {len(value)}", Length(kind, len(value))))
        items = [self.enter(item, item_source(source, i), role) for i, item in enumerate(list(value))]
        if any(a is not b for a, b in zip(items, value, strict=True)):
            if isinstance(value, tuple):
                made = type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
                self.register(made, source)
                return made
            for index, item in enumerate(items):
                self.replace(value, index, item)
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

    def placeholder(self, spec: Any) -> fx.Node:
        """A new input of the whole graph."""
        root = self.tape.root
        return root.placeholder(f"x{len(self.externals)}", {"spec": spec, "where": None})

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
        vary = tuple(d for d in self.vary.get(source.path) or () if value.shape[d] > 0 and value.is_contiguous())
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
        return tape.fake_mode.from_tensor(
            plain, symbolic_context=context, source=ConstantSource(f"x{len(self.externals)}")
        )

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
        self.reads[key] = (value, entered)
        if entered is not value:
            self.stand_for(AttributePlace(owner, name), value, entered)
        return entered

    def locate(self, module: torch.nn.Module) -> Source:
        """Where a module that was reached without a path stands in one that is known; else it is held as it is."""
        for root in [v for v in self.alive if isinstance(v, torch.nn.Module)]:
            for name, inner in root.named_modules():
                if inner is module and name:
                    owner: Any = root
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
        layers = self.tape.trail.layers
        layers[0].old.setdefault(place.key, (place, value))
        for layer in layers[1:]:
            if place.key in layer.old and layer.old[place.key][1] is value:
                layer.old[place.key] = (place, entered)
        self.baseline[place.key] = entered
        place.set(entered)

    def function(self, value: types.FunctionType) -> None:
        """A function's code and defaults are part of the program."""
        if id(value) not in self.functions:
            self.functions.add(id(value))
            self.alive.append(value)
            source = Source(value.__qualname__, None, Constantly(value))
            self.guards.append(Guard(source, f"{value.__qualname__} is unchanged", Unchanged(value)))

    def class_function(self, owner: Any, name: str, found: Any) -> None:
        """A method is what its class says, and the object has no attribute of that name."""
        kind = type(owner)
        if (id(kind), name) not in self.reads:
            self.reads[id(kind), name] = (found, found)
            self.alive.append(kind)
            source = Source(f"{kind.__name__}.{name}", None, ClassEntry(kind, name))
            self.guards.append(Guard(source, f"{kind.__name__}.{name} is the same", Same(found)))
        self.missing(owner, name)

    def missing(self, owner: Any, name: str) -> None:
        """An outside object was found not to have an attribute."""
        base = self.sources.get(id(owner))
        if base is None and isinstance(owner, torch.nn.Module):
            base = self.locate(owner)
        if base is not None and (id(owner), name) not in self.reads:
            self.reads[id(owner), name] = (MISSING, MISSING)
            self.guards.append(Guard(base, f"{base.path} has no {name}", Lacks(name)))


def item_source(parent: Source, key: Any) -> Source:
    """An item of a container; parameters and submodules go by their names."""
    for table in ("._modules", "._parameters", "._buffers"):
        if parent.path.endswith(table):
            return Source(f"{parent.path.removesuffix(table)}.{key}", parent, Item(key))
    return Source(f"{parent.path}[{key!r}]", parent, Item(key))


def describe(facts: TensorFacts) -> str:
    """A tensor's facts for people."""
    sizes = ", ".join("*" if s is None else str(s) for s in facts.shape)
    grad = ", requires grad" if facts.requires_grad else ""
    return f"{str(facts.dtype).removeprefix('torch.')}[{sizes}]{grad}"


@dataclasses.dataclass(frozen=True)
class Attribute:
    """Reads an attribute where it is stored."""

    name: str

    def __call__(self, owner: Any) -> Any:
        found = AttributePlace(owner, self.name).get()
        return getattr(owner, self.name) if found is MISSING else found


@dataclasses.dataclass(frozen=True)
class ClassEntry:
    """Reads what a class (or a base of it) defines under a name."""

    kind: type
    name: str

    def __call__(self, roots: Any) -> Any:
        for base in self.kind.__mro__:
            if self.name in base.__dict__:
                return base.__dict__[self.name]
        raise AttributeError(self.name)


@dataclasses.dataclass(frozen=True)
class Item:
    """Reads an item."""

    key: Any

    def __call__(self, owner: Any) -> Any:
        return owner[self.key]


@dataclasses.dataclass(frozen=True)
class Constantly:
    """An object that was reached without a path: held as it is."""

    value: Any

    def __call__(self, roots: Any) -> Any:
        return self.value


class Equal:
    """The value is equal, and of the same type (for containers of constants, item by item)."""

    def __init__(self, value: Any, kind: type | None = None) -> None:
        self.value, self.kind = value, kind or type(value)

    def __call__(self, now: Any) -> bool:
        if type(now) is not self.kind:
            return False
        if self.kind is float:
            return repr(now) == repr(self.value)  # tells 0.0 from -0.0, and nan equals nan
        if isinstance(now, set | frozenset):
            return now == self.value and {(type(v), v) for v in now} == {(type(v), v) for v in self.value}
        return bool(now == self.value)


class EqualArray:
    """An array with the same elements."""

    def __init__(self, value: Any) -> None:
        self.value = value.copy()

    def __call__(self, now: Any) -> bool:
        if type(now) is not type(self.value):
            return False
        if isinstance(now, bytearray):
            return now == self.value
        return now.dtype == self.value.dtype and now.shape == self.value.shape and now.tobytes() == self.value.tobytes()


class Same:
    """The very object, and still of its class."""

    def __init__(self, value: Any) -> None:
        self.value, self.kind = value, type(value)

    def __call__(self, now: Any) -> bool:
        if isinstance(now, types.MethodType) and isinstance(self.value, types.MethodType):
            return now == self.value
        return now is self.value and type(now) is self.kind


class SameAs:
    """The very object that stands at another source (or, if `same` is False, another one)."""

    def __init__(self, source: Source, same: bool = True) -> None:
        self.source, self.same = source, same

    def __call__(self, now: Any) -> bool:
        raise TypeError("compared by the guards' own walk")


class Unchanged:
    """A function whose code and defaults are what they were."""

    def __init__(self, function: Any) -> None:
        self.state = (function.__code__, function.__defaults__, dict(function.__kwdefaults__ or {}))

    def __call__(self, now: Any) -> bool:
        code, defaults, keywords = self.state
        if now.__code__ is not code or now.__defaults__ is not defaults:
            return False
        found = now.__kwdefaults__ or {}
        return len(found) == len(keywords) and all(found.get(k, self) is v for k, v in keywords.items())


@dataclasses.dataclass(frozen=True)
class CallAgain:
    """Calls a cached function again: the same answer as long as its cache holds."""

    function: Any
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]

    def __call__(self, roots: Any) -> Any:
        return self.function(*self.args, **dict(self.kwargs))


class Leaf:
    """A tensor that is a leaf of autograd which requires a gradient, or not."""

    def __init__(self, leaf: bool) -> None:
        self.leaf = leaf

    def __call__(self, now: Any) -> bool:
        return (now.requires_grad and now.is_leaf) == self.leaf


class OfType:
    """An object of exactly this type."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, now: Any) -> bool:
        return type(now) is self.kind


class Length:
    """A sequence of this type and length."""

    def __init__(self, kind: type, length: int) -> None:
        self.kind, self.length = kind, length

    def __call__(self, now: Any) -> bool:
        return type(now) is self.kind and len(now) == self.length


class Keys:
    """A dict of this type with these keys in order."""

    def __init__(self, kind: type, keys: list[Any]) -> None:
        self.kind, self.keys = kind, keys

    def __call__(self, now: Any) -> bool:
        found = list(now) if type(now) is self.kind else []
        return type(now) is self.kind and found == self.keys and list(map(type, found)) == list(map(type, self.keys))


class Lacks:
    """An object without this attribute."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, now: Any) -> bool:
        return AttributePlace(now, self.name).get() is MISSING
