"""The tape: what a trace writes to. Nodes go to the current region; numbers and sizes are turned into nodes on use."""

from __future__ import annotations

import builtins
import linecache
import math
import operator
import sys
from collections.abc import Callable, Hashable
from contextlib import contextmanager
from typing import Any

import sympy
import torch
from torch import fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import statically_known_true
from torch.utils._python_dispatch import _disable_current_modes

from diptych.capture.node_effects import ONCE
from diptych.capture.refusals import Refused
from diptych.capture.regions import Leak, Region
from diptych.capture.syntax.build import INTERPRETER
from diptych.capture.trail import Trail
from diptych.capture.values import COMPARISONS, KINDS, Scalar, kind_of
from diptych.graph import control, own
from diptych.graph import own_ops as own_ops  # fills the registry
from diptych.graph.functions import Draw
from diptych.graph.sizes import Sizes
from diptych.graph.spec import AbsentSpec, NumberSpec, Spec, TensorSpec, Where

aten = torch.ops.aten
EMIT_LIMIT = 30_000
"""How many operations a trace may record, those of paths that are traced again included."""


class Tape:
    """One trace: the regions under construction, the trail of writes, symbolic sizes and numbers."""

    def __init__(self) -> None:
        self.shape_env = Sizes(specialize_zero_one=False, duck_shape=False)
        self.fake_mode = FakeTensorMode(shape_env=self.shape_env, allow_non_fake_inputs=False)
        self.root = Region(None)
        self.region = self.root
        self.trail = Trail()
        self.symbols: dict[Any, tuple[fx.Node, int | None]] = {}
        self.assumed: dict[fx.Node, bool] = {}
        self.truths: dict[Hashable, Scalar] = {}
        self.grad_mode = torch.is_grad_enabled()
        self.speculation: Any = None
        self.carried: dict[fx.Node, Any] = {}
        self.clock = 0
        self.emitted = 0
        self.noticed = 0
        self.at: Where | None = None

    # Nodes ------------------------------------------------------------------------------------------------------

    def emit(
        self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, spec: Any = None
    ) -> fx.Node:
        """Append a node to the current region; nodes of outer regions among its arguments become operands."""
        self.emitted += 1
        if self.emitted > EMIT_LIMIT and self.speculation is None:
            raise self.refuse("too-many-paths", f"after {EMIT_LIMIT} operations on all of them")
        try:
            placed: Any = fx.map_arg((args, kwargs or {}), lambda n: self.region.use(n))
        except Leak as leak:
            raise self.refuse("leaked-value", leak.detail) from None
        node = self.region.graph.call_function(target, *placed)
        self.noticed += target in ONCE or isinstance(target, control.Function | Draw)
        node.meta = {"spec": spec, "where": self.where()}
        return node

    def item(self, node: fx.Node, index: int, spec: Any) -> fx.Node:
        """Output `index` of a node that returns a tuple."""
        return self.emit(operator.getitem, (node, index), None, spec)

    def where(self) -> Where | None:
        """The user's line that runs now: the innermost frame of a transformed function."""
        if self.at is not None:
            return self.at
        frame = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if INTERPRETER in code.co_freevars and "/torch/" not in code.co_filename:
                line = frame.f_lineno
                text = linecache.getline(code.co_filename, line).strip()
                return Where(code.co_filename, line, text, code.co_name)
            frame = frame.f_back
        return None

    def refuse(self, refusal: str, detail: str = "") -> Refused:
        """A refusal at the user's current line, to be raised."""
        return Refused(refusal, detail, self.where())

    @contextmanager
    def aside(self) -> Any:
        """Make fake tensors without recording how."""
        with torch._C.DisableTorchFunction(), _disable_current_modes(), self.fake_mode:
            yield

    def empty(self, shape: Any, dtype: torch.dtype, device: Any, stride: Any = None) -> torch.Tensor:
        """A fake tensor that no node has made yet."""
        with self.aside():
            if stride is not None:
                return torch.empty_strided(tuple(shape), tuple(stride), dtype=dtype, device=device)
            return torch.empty(list(shape), dtype=dtype, device=device)

    # Numbers ----------------------------------------------------------------------------------------------------

    def number(self, node: fx.Node, kind: str) -> Scalar:
        """The Python number that `node` computes."""
        return Scalar(self, node, kind)

    def scalar(self, function: Callable[..., Any], *operands: Any) -> Any:
        """`function(*operands)` as a node; operands are numbers, scalars of this tape, or sizes."""
        operands = tuple(self.as_scalar(o) for o in operands)
        if not any(isinstance(o, Scalar) for o in operands):
            return function(*operands)
        kinds = [kind_of(o) or "other" for o in operands]
        kind = KINDS[function](*kinds) if function in KINDS else None
        if function is operator.pow and kind is None and kinds[0] in ("int", "bool"):
            kind = "int" if type(operands[1]) is int and operands[1] >= 0 else None
        if function is builtins.round:
            kind = "int" if len(operands) == 1 or operands[1] is None or kinds[0] == "int" else "float"
        if kind is None:
            raise self.refuse("opaque-conversion", f"{function.__name__} of {', '.join(kinds)}")
        args = tuple(o.node if isinstance(o, Scalar) else o for o in operands)
        question = (function, *(a if isinstance(a, fx.Node) else (type(a), repr(a)) for a in args))
        asked = self.truths.get(question) if function in DECIDING else None
        if asked is not None and self.region.sees(asked.node):  # the same comparison decides the same
            return asked
        made = self.number(self.emit(function, args, None, NumberSpec(kind)), kind)
        if function in DECIDING:
            self.truths[question] = made
        if kind == "int" and function in SIZE_ARITHMETIC:
            made.size = self.sized(function, operands)
        return made

    def sized(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """The symbolic size of an integer computed from integers that have one."""
        sizes = [o.size if isinstance(o, Scalar) else o for o in operands]
        if any(s is None for s in sizes) or any(type(s) is bool for s in sizes):
            return None
        return function(*sizes)

    def scalar_operator(self, function: Callable[..., Any], *operands: Any) -> Any:
        """An operator with a scalar among its operands, as Python finds it: tensors and strangers take over."""
        for operand in operands:
            if isinstance(operand, torch.Tensor):
                return self.tensor_operator(function, operands)
            if kind_of(operand) is None and not isinstance(operand, torch.SymInt | torch.SymBool | torch.SymFloat):
                if function is operator.eq or function is operator.ne:
                    return function is operator.ne
                return NotImplemented
        kinds = [kind_of(o) for o in operands]
        if "str" in kinds and kinds != ["str", "str"] and function in (operator.eq, operator.ne):
            return function is operator.ne
        return self.scalar(function, *operands)

    def tensor_operator(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """An operator between a tensor and a scalar."""
        return function(*(self.argument(o) if isinstance(o, Scalar) else o for o in operands))

    def as_scalar(self, value: Any) -> Any:
        """A size or symbolic truth as a scalar; other values as they are."""
        if isinstance(value, torch.SymInt):
            known = value.node.maybe_as_int()
            if known is not None:
                return known
            made = self.number(self.size_node(value), "int")
            made.size = value
            return made
        if isinstance(value, torch.SymBool):
            return self.number(self.size_node(value), "bool")
        if isinstance(value, torch.SymFloat):
            return self.number(self.size_node(value), "float")
        return value

    def argument(self, value: Scalar) -> Any:
        """A scalar as an argument of a torch function: a symbolic number of torch's own."""
        if value.size is None:
            make = {
                "int": self.shape_env.create_unbacked_symint,
                "bool": self.shape_env.create_unbacked_symbool,
                "float": self.shape_env.create_unbacked_symfloat,
            }.get(value.kind)
            if make is None:
                raise self.refuse("opaque-conversion", f"a torch function takes a {value.kind}")
            value.size = make()
            expression = value.size.node.expr
            symbols = [s for s in expression.free_symbols if s not in self.symbols]
            for symbol in symbols:
                self.symbols[symbol] = (self.as_bit(value) if value.kind == "bool" else value.node, None)
        return value.size

    def as_bit(self, value: Scalar) -> fx.Node:
        """A truth as 0 or 1."""
        return self.emit(builtins.int, (value.node,), None, NumberSpec("int"))

    def opaque_conversion(self, value: Scalar, to: str) -> Any:
        """A scalar's own value is asked for where no hook stands."""
        if self.speculation is not None:
            return self.speculation.assume(value.node)
        raise self.refuse("opaque-conversion", f"a {value.kind} that the graph computes is converted ({to})")

    # Sizes ------------------------------------------------------------------------------------------------------

    def size_node(self, value: Any) -> Any:
        """The node (or number) for a symbolic size, made from the sizes and numbers it is an expression of."""
        expression = value.node.expr if not isinstance(value, sympy.Basic) else value
        expression = self.shape_env.replace(expression)
        return self.build(expression)

    def build(self, expression: Any) -> Any:
        """An expression over size symbols as nodes of Python arithmetic."""
        if expression.is_Symbol:
            return self.symbol(expression)
        if expression.is_Integer:
            return int(expression)
        if expression.is_Number:
            return float(expression)
        if expression in (sympy.true, sympy.false):
            return bool(expression)
        if type(expression).__name__ == "Piecewise":
            *others, (last, _) = expression.args
            made = self.build(last)
            for value, condition in reversed(others):
                made = self.emit(
                    own.OWN["pick"], (self.build(condition), self.build(value), made), None, NumberSpec("int")
                )
            return made
        function = SYMPY.get(type(expression).__name__)
        if function is None:
            raise self.refuse("data-dependent-shape", f"the size expression {expression}")
        args = [self.build(a) for a in expression.args]
        if not any(isinstance(a, fx.Node) for a in args):
            return function(*args)
        kind = (
            "bool"
            if isinstance(expression, sympy.logic.boolalg.Boolean)
            else "int"
            if expression.is_integer
            else "float"
        )
        if function in (operator.add, operator.mul, builtins.min, builtins.max, operator.and_, operator.or_):
            made = args[0]
            for other in args[1:]:
                made = self.emit(function, (made, other), None, NumberSpec(kind))
            return made
        return self.emit(function, tuple(args), None, NumberSpec(kind))

    def symbol(self, symbol: Any) -> fx.Node:
        """The node that a size symbol stands for."""
        found = self.symbols.get(symbol)
        if found is None:
            raise self.refuse("data-dependent-shape", f"the size {symbol} has no origin")
        node, dim = found
        return node if dim is None else self.emit(aten.sym_size.int, (node, dim), None, NumberSpec("int"))

    def bind_sizes(self, fake: torch.Tensor, node: fx.Node) -> None:
        """Symbols that appear first in this tensor's shape are from now on its sizes."""
        for dim, size in enumerate(fake.shape):
            if isinstance(size, torch.SymInt):
                expression = size.node.expr
                if expression.is_Symbol and expression not in self.symbols:
                    self.symbols[expression] = (node, dim)

    def has_open_sizes(self, value: Any) -> bool:
        """Whether a tensor has sizes that only data decide."""
        return isinstance(value, torch.Tensor) and any(self.data_decides(s) for s in value.shape)

    def data_decides(self, size: Any) -> bool:
        """Whether a size is known only when the graph runs."""
        return isinstance(size, torch.SymInt) and any(str(v).startswith("u") for v in size.node.expr.free_symbols)

    def local_size(self, size: Any) -> bool:
        """Whether a size is made of symbols that the current region cannot see."""
        if not isinstance(size, torch.SymInt):
            return False
        for symbol in self.shape_env.replace(size.node.expr).free_symbols:
            found = self.symbols.get(symbol)
            if found is None or not self.region.sees(found[0]):
                return True
        return False

    # Types ------------------------------------------------------------------------------------------------------

    def spec(self, value: Any) -> Spec:
        """The type of a traced value."""
        if isinstance(value, torch.Tensor):
            shape = tuple(int(s) if not isinstance(s, torch.SymInt) else self.size_name(s) for s in value.shape)
            return TensorSpec(value.dtype, shape, str(value.device))
        kind = kind_of(value)
        return NumberSpec(kind) if kind else AbsentSpec()

    def size_name(self, size: torch.SymInt) -> int | str:
        """A size for people: a number where it is known."""
        known = size.node.maybe_as_int()
        return known if known is not None else str(size.node.expr)

    def known(self, truth: Any) -> bool | None:
        """A symbolic truth that holds, or fails, for all sizes; else None."""
        if isinstance(truth, bool):
            return truth
        if statically_known_true(truth):
            return True
        return False if statically_known_true(torch.sym_not(truth)) else None

    # Regions ----------------------------------------------------------------------------------------------------

    @contextmanager
    def inside(self, region: Region) -> Any:
        """Record into `region`."""
        saved = (self.region, self.assumed, self.truths)
        self.region = region
        self.assumed, self.truths = dict(self.assumed), dict(self.truths)
        facts = self.facts()
        try:
            yield region
        finally:
            self.region, self.assumed, self.truths = saved
            self.restore(facts)

    def facts(self) -> dict[str, Any]:
        """What the shape environment believes now (a belief of one side must not reach the other)."""
        names = ("replacements", "var_to_range", "deferred_runtime_asserts", "axioms")
        env = self.shape_env
        return {n: dict(getattr(env, n)) for n in names if isinstance(getattr(env, n, None), dict)}

    def restore(self, facts: dict[str, Any]) -> None:
        """Forget what was learnt inside a region about sizes that exist outside it."""
        env = self.shape_env
        for name, before in facts.items():
            table = getattr(env, name)
            if name in ("deferred_runtime_asserts", "axioms"):
                table.clear()
                table.update(before)
                continue
            for key in [
                k for k in table if k not in before and k in self.symbols and self.region.sees(self.symbols[k][0])
            ]:
                if name == "replacements":
                    del table[key]
            for key, value in before.items():
                table[key] = value
        env._update_version_counter()


DECIDING = frozenset(COMPARISONS.values())
"""What a branch is decided by: asked once for the same operands."""

SIZE_ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.floordiv, operator.neg)

SYMPY: dict[str, Callable[..., Any]] = {
    "Add": operator.add,
    "Mul": operator.mul,
    "Pow": operator.pow,
    "PowByNatural": operator.pow,
    "FloorDiv": operator.floordiv,
    "CleanDiv": operator.floordiv,
    "Mod": operator.mod,
    "PythonMod": operator.mod,
    "Max": builtins.max,
    "Min": builtins.min,
    "IntTrueDiv": operator.truediv,
    "FloatTrueDiv": operator.truediv,
    "FloatPow": operator.pow,
    "ToFloat": builtins.float,
    "FloorToInt": math.floor,
    "CeilToInt": math.ceil,
    "TruncToInt": math.trunc,
    "Equality": operator.eq,
    "Unequality": operator.ne,
    "StrictLessThan": operator.lt,
    "LessThan": operator.le,
    "StrictGreaterThan": operator.gt,
    "GreaterThan": operator.ge,
    "And": operator.and_,
    "Or": operator.or_,
    "Not": operator.not_,
    "Abs": builtins.abs,
}
