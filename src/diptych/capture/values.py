"""Values that stand for what is not known before the graph runs: numbers, and values whose type depends on the path."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

from torch import fx

from diptych.capture.hooks import HOOKS
from diptych.capture.interpreter import PLAIN
from diptych.capture.refusals import Refused

RANK = {"bool": 0, "int": 1, "float": 2, "complex": 3}


def shown(text: str, what: str) -> str:
    """The text of a stand-in, for people; the traced program itself may not see it."""
    if HOOKS.current is not PLAIN:
        raise Refused("opaque-conversion", f"the text of {what}")
    return text


class Undefined:
    """The content of a variable that has none on this path."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<undefined {self.name}>"


class Original:
    """What a place outside held before the program wrote it, not looked at yet: reading it is what adds a guard."""

    def __init__(self, enter: Callable[[], Any]) -> None:
        self.enter = enter
        self.known: list[Any] = []

    def get(self) -> Any:
        """The value, from now on relied on."""
        if not self.known:
            self.known.append(self.enter())
        return self.known[0]

    def __bool__(self) -> bool:
        return bool(self.get())


class Union:
    """`then` on the paths where `pred` holds, `orelse` on the others; the two differ in type or structure.

    An operation on a union is staged as a branch on `pred`, each side with its own alternative. Users' code never
    sees this class: hooks take it apart.
    """

    pred: Scalar
    then: Any
    orelse: Any

    def __init__(self, pred: Scalar, then: Any, orelse: Any) -> None:
        object.__setattr__(self, "pred", pred)
        object.__setattr__(self, "then", then)
        object.__setattr__(self, "orelse", orelse)

    def __bool__(self) -> bool:
        return self.pred.tape.opaque_conversion(self.pred, "bool of a value of path-dependent type")

    def __repr__(self) -> str:
        return shown(f"<one of two values, by {self.pred.node}>", "a value of path-dependent type")

    def __hash__(self) -> int:
        return self.pred.tape.opaque_conversion(self.pred, "hash of a value of path-dependent type")


class Scalar:
    """A Python number (or text) that the graph computes: `node` gives it when the graph runs.

    Arithmetic on it is recorded as the same Python arithmetic, so that integers do not overflow, division by zero
    raises, and floats round as Python's. `size` is the symbolic size that stands for an integer in shapes.
    """

    __slots__ = ("__weakref__", "kind", "negated", "node", "size", "tape")

    # Defined below, from the table of operators.
    __add__: Callable[[Any], Any]
    __mul__: Callable[[Any], Any]

    def __init__(self, tape: Any, node: fx.Node, kind: str) -> None:
        self.tape = tape
        self.node = node
        self.kind = kind
        self.size: Any = None
        self.negated: Scalar | None = None

    def __repr__(self) -> str:
        return shown(f"<{self.kind} {self.node}>", f"a {self.kind} that the graph computes")

    def __bool__(self) -> bool:
        return bool(self.tape.opaque_conversion(self, "bool"))

    def __int__(self) -> int:
        return int(self.tape.opaque_conversion(self, "int"))

    def __index__(self) -> int:
        return operator.index(self.tape.opaque_conversion(self, "index"))

    def __float__(self) -> float:
        return float(self.tape.opaque_conversion(self, "float"))

    def __str__(self) -> str:
        return str(self.tape.opaque_conversion(self, "str"))

    def __format__(self, spec: str) -> str:
        return format(self.tape.opaque_conversion(self, "str"), spec)

    def __hash__(self) -> int:
        return hash(self.tape.opaque_conversion(self, "hash"))

    def item(self) -> Scalar:
        """A number taken out of a tensor has no `item` in Python either."""
        raise AttributeError(f"'{self.kind}' object has no attribute 'item'")

    def is_integer(self) -> Scalar:
        """`float.is_integer`."""
        return self.tape.scalar(operator.eq, self, self.tape.scalar(math.floor, self))


def numeric(*kinds: str) -> str | None:
    """The kind of `a + b`: the wider one, and at least int."""
    if all(k in RANK for k in kinds):
        return max((*kinds, "int"), key=RANK.__getitem__)
    return "str" if all(k == "str" for k in kinds) else None


def dividing(*kinds: str) -> str | None:
    """The kind of `a / b`."""
    return "complex" if "complex" in kinds else "float" if all(k in RANK for k in kinds) else None


def integral(*kinds: str) -> str | None:
    """The kind of `a & b`."""
    if all(k in ("bool", "int") for k in kinds):
        return "bool" if all(k == "bool" for k in kinds) else "int"
    return None


def shifting(*kinds: str) -> str | None:
    """The kind of `a << b` and `~a`."""
    return "int" if all(k in ("bool", "int") for k in kinds) else None


def comparing(*kinds: str) -> str | None:
    """The kind of `a < b`."""
    return "bool"


def power(*kinds: str) -> str | None:
    """The kind of `a ** b`: a negative integer exponent gives a float, so integers need a known exponent."""
    return numeric(*kinds) if "float" in kinds or "complex" in kinds else None


BINARY: dict[str, tuple[Callable[..., Any], Callable[..., str | None]]] = {
    "add": (operator.add, numeric),
    "sub": (operator.sub, numeric),
    "mul": (operator.mul, numeric),
    "truediv": (operator.truediv, dividing),
    "floordiv": (operator.floordiv, numeric),
    "mod": (operator.mod, numeric),
    "pow": (operator.pow, power),
    "and": (operator.and_, integral),
    "or": (operator.or_, integral),
    "xor": (operator.xor, integral),
    "lshift": (operator.lshift, shifting),
    "rshift": (operator.rshift, shifting),
}
COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
UNARY: dict[str, tuple[Callable[..., Any], Callable[..., str | None]]] = {
    "neg": (operator.neg, numeric),
    "pos": (operator.pos, numeric),
    "abs": (operator.abs, numeric),
    "invert": (operator.invert, shifting),
    "round": (builtins.round, numeric),
    "floor": (math.floor, lambda *_: "int"),
    "ceil": (math.ceil, lambda *_: "int"),
    "trunc": (math.trunc, lambda *_: "int"),
}


def _install() -> None:
    def forward(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, *others: self.tape.scalar_operator(function, self, *others)

    def reflected(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, other: self.tape.scalar_operator(function, other, self)

    def each(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, *others: self.pred.tape.stager.distribute(function, self, *others)

    def each_reflected(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, other: self.pred.tape.stager.distribute(function, other, self)

    operators = {**{n: f for n, (f, _) in BINARY.items()}, "matmul": operator.matmul}
    for name, function in operators.items():
        setattr(Union, f"__{name}__", each(function))
        setattr(Union, f"__r{name}__", each_reflected(function))
    for name, function in {**COMPARISONS, **{n: f for n, (f, _) in UNARY.items()}}.items():
        setattr(Union, f"__{name}__", each(function))

    for name, (function, _) in BINARY.items():
        setattr(Scalar, f"__{name}__", forward(function))
        setattr(Scalar, f"__r{name}__", reflected(function))
    for name, function in COMPARISONS.items():
        setattr(Scalar, f"__{name}__", forward(function))
    for name, (function, _) in UNARY.items():
        setattr(Scalar, f"__{name}__", forward(function))


_install()

KINDS: dict[Callable[..., Any], Callable[..., str | None]] = {
    **dict(BINARY.values()),
    **dict(UNARY.values()),
    **dict.fromkeys(COMPARISONS.values(), comparing),
    operator.not_: comparing,
    builtins.bool: comparing,
    builtins.int: lambda *_: "int",
    builtins.float: lambda *_: "float",
    builtins.str: lambda *_: "str",
    builtins.abs: numeric,
    **{
        getattr(math, n): (lambda *_: "float")
        for n in dir(math)
        if not n.startswith("_") and callable(getattr(math, n))
    },
    math.floor: lambda *_: "int",
    math.ceil: lambda *_: "int",
    math.trunc: lambda *_: "int",
    math.gcd: lambda *_: "int",
    math.comb: lambda *_: "int",
    math.factorial: lambda *_: "int",
    math.isqrt: lambda *_: "int",
    math.isnan: lambda *_: "bool",
    math.isinf: lambda *_: "bool",
    math.isfinite: lambda *_: "bool",
    math.isclose: lambda *_: "bool",
}
"""The kind of number that each recorded scalar function gives for operands of these kinds."""


def kind_of(value: Any) -> str | None:
    """`bool`, `int`, `float`, `complex` or `str` for a Python value or a scalar of the graph, else None."""
    if isinstance(value, Scalar):
        return value.kind
    name = type(value).__name__
    return name if type(value) in (bool, int, float, complex, str) else None
