"""A graph for one node as a graph for the nodes of a level: torch's own batching rules, recorded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from diptych.capture.hooks import interpreting
from diptych.capture.interpreter import PLAIN
from diptych.capture.refusals import Refused
from diptych.capture.regions import Region
from diptych.capture.structure import NUMBER_BITS
from diptych.capture.tensors import Handle, Store, attach, node_of
from diptych.graph.own import OWN
from diptych.graph.spec import NumberSpec, TensorSpec

aten = torch.ops.aten

ARITHMETIC: dict[Any, Callable[..., Any]] = {
    operator.add: torch.add,
    operator.sub: torch.sub,
    operator.mul: torch.mul,
    operator.neg: torch.neg,
    operator.eq: torch.eq,
    operator.ne: torch.ne,
    operator.lt: torch.lt,
    operator.le: torch.le,
    operator.gt: torch.gt,
    operator.ge: torch.ge,
}
DIVISIONS: dict[Any, Callable[..., Any]] = {
    operator.truediv: torch.true_divide,
    operator.mod: torch.remainder,
    operator.floordiv: torch.floor_divide,
}
"""Python's arithmetic on the numbers of nodes, which are integers of 64 bits and floats of double precision there."""
BITS = 62
"""How large integers may become that are computed from numbers of nodes, themselves of at most `NUMBER_BITS`."""
DTYPES = {"int": torch.int64, "float": torch.float64}


SIZES = (3, 5, 7)
"""Node counts of the recordings that are compared: integers that differ between them follow the number of nodes."""


def batched(tape: Any, single: fx.GraphModule, order: list[fx.Node], rows: int) -> fx.GraphModule:
    """The graph with a leading dimension on the first `rows` of its placeholders in `order`, and on all results.

    Where no placeholder has rows, the graph gets one more in front: an integer for each node, only there to be counted.

    torch's batching rules ask for sizes, so the graph is recorded for several sizes, and what differs between the
    recordings is made to follow the size.
    """
    recordings = [Recording(tape, single, order, rows, size) for size in SIZES]
    for recording in recordings:
        recording.record()
    region = recordings[0].region
    general = General(tape, region)
    nodes = [list(r.region.graph.nodes) for r in recordings]
    if len({len(n) for n in nodes}) > 1:
        raise tape.refuse("recursion-objects", "an operation whose kind depends on how many nodes there are")
    for versions in zip(*nodes, strict=True):
        general.node(versions)
    return region.finish(recordings[0].outputs)


class Recording:
    """The graph for a number of nodes."""

    def __init__(self, tape: Any, single: fx.GraphModule, order: list[fx.Node], rows: int, size: int) -> None:
        self.tape, self.single, self.order, self.rows, self.size = tape, single, order, rows, size
        self.region = Region(tape.root, repeats=True)
        self.outputs: list[fx.Node] = []

    def record(self) -> None:
        """Run the graph under torch's batching rules."""
        tape = self.tape
        with tape.inside(self.region), torch._C.DisableTorchFunction(), interpreting(PLAIN):
            counted = [] if self.rows else [self.stand_in("nodes", TensorSpec(torch.int64, (self.size,)))]
            formals = [self.formal(f"v{k}", node, k < self.rows) for k, node in enumerate(self.order)]
            axes = (*(0 for _ in counted), *(0 if k < self.rows else None for k in range(len(formals))))
            formals = [*counted, *formals]

            def body(*values: Any) -> tuple[Any, ...]:
                inputs = dict(zip(self.order, values[len(counted) :], strict=True))
                return Batch(tape, self.single, inputs).run()

            try:
                outputs = torch.vmap(body, in_dims=axes, out_dims=0)(*formals)
            except Refused:
                raise
            except Exception as error:
                raise tape.refuse("recursion-objects", f"{type(error).__name__}: {error}") from None
            finally:
                tape.at = None
            self.outputs = [node_of(tape, value) for value in outputs]

    def formal(self, name: str, node: fx.Node, row: bool) -> torch.Tensor:
        """A stand-in for a placeholder; numbers of nodes are tensors."""
        spec = node.meta["spec"]
        if isinstance(spec, NumberSpec) and row:
            spec = TensorSpec(DTYPES[spec.kind], ())
        if not isinstance(spec, TensorSpec) or any(isinstance(s, str) for s in spec.shape):
            raise self.tape.refuse("recursion-objects", f"nodes that share a value of type {spec}")
        shape = (self.size, *spec.shape) if row else spec.shape
        return self.stand_in(name, TensorSpec(spec.dtype, shape, spec.device))

    def stand_in(self, name: str, spec: TensorSpec) -> torch.Tensor:
        """A placeholder, as a tensor that records."""
        fake = self.tape.empty(spec.shape, spec.dtype, spec.device)
        made = self.region.placeholder(name, {"spec": self.tape.spec(fake), "where": None})
        attach(fake, Handle(Store(made, False), made))
        return fake


class General:
    """Makes one graph of recordings for several sizes, in place of the first."""

    def __init__(self, tape: Any, region: Region) -> None:
        self.tape = tape
        self.region = region
        self.size: fx.Node | None = None
        self.known: dict[tuple[int, int], fx.Node] = {}

    def node(self, versions: tuple[fx.Node, ...]) -> None:
        """One node, in all recordings."""
        first = versions[0]
        if any(v.op != first.op or v.name != first.name for v in versions):
            raise self.differs()
        if first.op != "placeholder" and any(v.target != first.target for v in versions):
            raise self.differs()
        first.args = self.merge(first, [v.args for v in versions])
        first.kwargs = self.merge(first, [v.kwargs for v in versions])
        specs = [v.meta["spec"] for v in versions]
        if all(isinstance(spec, TensorSpec) for spec in specs):
            shape = tuple(self.name(sizes) for sizes in zip(*(spec.shape for spec in specs), strict=True))
            first.meta["spec"] = TensorSpec(specs[0].dtype, shape, specs[0].device)
        elif isinstance(specs[0], tuple):
            first.meta["spec"] = tuple(
                TensorSpec(parts[0].dtype, tuple(map(self.name, zip(*(p.shape for p in parts), strict=True))))
                for parts in zip(*specs, strict=True)
            )

    def merge(self, user: fx.Node, values: list[Any]) -> Any:
        """An argument, in all recordings."""
        first = values[0]
        if isinstance(first, fx.Node):
            return first
        if isinstance(first, tuple | list):
            if len({len(v) for v in values}) > 1:
                raise self.differs()
            return type(first)(self.merge(user, list(items)) for items in zip(*values, strict=True))
        if isinstance(first, dict):
            return {key: self.merge(user, [v[key] for v in values]) for key in first}
        if all(type(v) is type(first) and v == first for v in values):
            return first
        return self.number(user, *self.line(values))

    def line(self, values: Any) -> tuple[int, int]:
        """Integers as `a * size + b`."""
        if any(type(v) is not int for v in values):
            raise self.differs()
        factor, rest = divmod(values[1] - values[0], SIZES[1] - SIZES[0])
        start = values[0] - factor * SIZES[0]
        if rest or any(v != factor * size + start for v, size in zip(values, SIZES, strict=True)):
            raise self.differs()
        return factor, start

    def number(self, user: fx.Node, factor: int, start: int) -> fx.Node:
        """The node of `factor * size + start`."""
        graph = self.region.graph
        if (factor, start) not in self.known:
            rows = next(n for n in graph.nodes if n.op == "placeholder")
            with graph.inserting_before(user):
                made = graph.call_function(aten.sym_size.int, (rows, 0))
                for function, operand in ((operator.mul, factor), (operator.add, start)):
                    made.meta = {"spec": NumberSpec("int"), "where": user.meta.get("where")}
                    if operand != (1 if function is operator.mul else 0):
                        made = graph.call_function(function, (made, operand))
                made.meta = {"spec": NumberSpec("int"), "where": user.meta.get("where")}
            self.known[factor, start] = made
        return self.known[factor, start]

    def name(self, sizes: tuple[Any, ...]) -> Any:
        """A size in a type."""
        if len(set(sizes)) == 1:
            return sizes[0]
        factor, start = self.line(sizes)
        text = "rows" if factor == 1 else f"{factor}*rows"
        return f"{text} + {start}" if start else text

    def differs(self) -> Refused:
        """The recordings have nothing in common that holds for all sizes."""
        return self.tape.refuse("recursion-objects", "an operation whose form depends on how many nodes there are")


class Batch(fx.Interpreter):
    """Runs the graph of one node; its numbers are tensors."""

    def __init__(self, tape: Any, single: fx.GraphModule, inputs: dict[fx.Node, Any]) -> None:
        super().__init__(single, garbage_collect_values=False)
        self.tape = tape
        self.inputs = inputs
        self.bits: dict[fx.Node, int] = {}

    def run_node(self, n: fx.Node) -> Any:
        """One node, recorded at its own line; its type must be the one that it has for a single node."""
        made, spec = self.compute(n), n.meta.get("spec")
        if isinstance(spec, TensorSpec) and made.dtype != spec.dtype:
            raise self.tape.refuse("recursion-objects", f"{n.target} gives {made.dtype} for many nodes at once")
        return made

    def compute(self, n: fx.Node) -> Any:
        """The value of one node."""
        if n.op == "placeholder":
            return self.inputs[n]
        self.tape.at = n.meta.get("where")
        if n.op != "call_function":
            return super().run_node(n)
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        target: Any = n.target
        spec = n.meta.get("spec")
        numbers = [a for a in n.all_input_nodes if isinstance(a.meta.get("spec"), NumberSpec)]
        if isinstance(spec, NumberSpec):
            return self.number(n, list(args), spec)
        if target is operator.getitem:
            return args[0][args[1]]
        if target is OWN["from_numbers"]:
            return self.from_numbers(args[0], spec)
        if not isinstance(target, torch._ops.OpOverload):
            raise self.tape.refuse("recursion-objects", f"{getattr(target, '__name__', target)} for a node")
        if not numbers:
            return target(*args, **kwargs)
        if target is aten.select.int:
            whole, dim, index = args
            return aten.index.Tensor(whole, [*[None] * (dim % whole.dim()), index])
        if target.overloadpacket in SCALAR and all(isinstance(a, torch.Tensor | int | float) for a in args):
            return target.overloadpacket(*args, **kwargs)
        raise self.tape.refuse("recursion-objects", f"{target} with a node's number")

    def number(self, n: fx.Node, args: list[Any], spec: NumberSpec) -> torch.Tensor:
        """Arithmetic on numbers of nodes, exact as Python's."""
        target: Any = n.target
        divisor = args[-1]
        if target in DIVISIONS:
            exact = spec.kind == "float" if target is operator.truediv else spec.kind == "int"
            if not exact or type(divisor) not in (int, float) or not divisor:
                raise self.tape.refuse("recursion-objects", f"{target.__name__} of a node's number")
        elif target not in ARITHMETIC:
            raise self.tape.refuse("recursion-objects", f"{getattr(target, '__name__', target)} of a node's number")
        if spec.kind == "int":
            literals = {a for a in args if type(a) is int}
            sizes = [*(a.bit_length() for a in literals), *(self.bits.get(a, NUMBER_BITS) for a in n.all_input_nodes)]
            self.bits[n] = sum(sizes) if target is operator.mul else max(sizes) + 1
            if self.bits[n] > BITS:
                raise self.tape.refuse("recursion-objects", "a node's number may become too large")
        kinds = [a.meta["spec"].kind if isinstance(a, fx.Node) else type(a).__name__ for a in n.args]
        dtype = torch.float64 if "float" in [spec.kind, *kinds] else torch.int64
        like = next(a for a in args if isinstance(a, torch.Tensor))
        first, *others = [a.to(dtype) if isinstance(a, torch.Tensor) else a for a in args]
        if not isinstance(first, torch.Tensor):
            first = torch.full_like(like, first, dtype=dtype)
        return (ARITHMETIC | DIVISIONS)[target](first, *others)

    def from_numbers(self, values: Any, spec: Any) -> torch.Tensor:
        """A tensor made of numbers (`torch.tensor([node.word])`), of a dtype that holds every value they can have."""
        if spec.dtype not in (torch.int64, torch.float32, torch.float64):
            raise self.tape.refuse("recursion-objects", f"a tensor of {spec.dtype} made of a node's numbers")

        def made(value: Any) -> torch.Tensor:
            if isinstance(value, tuple | list):
                return torch.stack([made(part) for part in value])
            tensor = value if isinstance(value, torch.Tensor) else torch.full((), value)
            if tensor.is_floating_point() and not spec.dtype.is_floating_point:
                raise self.tape.refuse("recursion-objects", "integers made of a node's floats")
            return tensor.to(spec.dtype)

        return made(values).to(spec.device)

    def run(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs."""
        return super().run(*([None] * len(self.inputs)), **kwargs)


SCALAR = {aten.add, aten.sub, aten.mul, aten.div, aten.eq, aten.ne, aten.lt, aten.le, aten.gt, aten.ge}
