"""Programs built by hand, shared by the tests of text, Python text, files and pictures."""

from __future__ import annotations

import math
import operator
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import torch

from diptych.graph.control import Function, Hole
from diptych.graph.fold import Fold
from diptych.graph.layout import Choice, Constant, Leaf, Mapping_, Object_, Rows, Sequence_
from diptych.graph.program import Effect, SymbolicGraph
from diptych.graph.spec import TensorSpec
from tests.graph.build import BOOL, FLOAT, INT, aten, b8, f32, function, program, region

Pair = namedtuple("Pair", ["first", "second"])


@dataclass
class Point:
    x: torch.Tensor
    n: int


def branch() -> SymbolicGraph:
    """`if x.sum() > 0: relu(x @ w), 1  else: -x, 2`; the weight is outside state."""

    def then(b, x, w):
        b.at(3, "y = torch.relu(x @ w)")
        product = b.op(aten.matmul.default, x, w, spec=f32(3))
        return b.op(aten.relu.default, product, spec=f32(3)), 1

    def orelse(b, x, w):
        b.at(5, "y = -x")
        return b.op(aten.neg.default, x, spec=f32(3)), 2

    def build(b, x, w):
        b.at(2, "if x.sum() > 0:")
        total = b.op(aten.sum.default, x, spec=f32())
        pred = b.op(aten.gt.Scalar, total, 0, spec=b8())
        specs = [f32(3), f32(3, 3)]
        y, n = b.cond(pred, region(specs, then), region(specs, orelse), [x, w], [f32(3), INT])
        return y, n

    weight = torch.arange(9.0).reshape(3, 3) / 4 - 1
    return program({"x": f32(3)}, build, state={"weight": ("self.weight", weight)}, name="branch")


def loop() -> SymbolicGraph:
    """`while h.sum() < limit and n < 50: h = h * 1.5 + 1; n += 1`, with a zero-round run for large h."""

    def test(b, h, n, limit):
        total = b.op(aten.sum.default, h, spec=f32())
        small = b.op(aten.item.default, b.op(aten.lt.Scalar, total, limit, spec=b8()), spec=BOOL)
        return (b.op(operator.and_, small, b.op(operator.lt, n, 50, spec=BOOL), spec=BOOL),)

    def body(b, h, n, limit):
        b.at(4, "h = h * 1.5 + 1")
        more = b.op(aten.add.Tensor, b.op(aten.mul.Tensor, h, 1.5, spec=f32(2)), 1, spec=f32(2))
        b.at(5, "n += 1")
        return more, b.op(operator.add, n, 1, spec=INT)

    def build(b, h, limit):
        b.at(3, "while h.sum() < limit and n < 50:")
        specs = [f32(2), INT, FLOAT]
        return b.loop(region(specs, test), region(specs, body), [h, 0], [limit], [f32(2), INT])

    return program({"h": f32(2), "limit": FLOAT}, build, name="loop")


def nested() -> SymbolicGraph:
    """A loop around a branch around a loop: the deep shape of a search."""

    def test(b, x, n):
        return (b.op(operator.lt, n, 4, spec=BOOL),)

    def halve_test(b, x):
        largest = b.op(aten.max.default, b.op(aten.abs.default, x, spec=f32(2)), spec=f32())
        return (b.op(aten.gt.Scalar, largest, 1.0, spec=b8()),)

    def halve(b, x):
        return (b.op(aten.div.Tensor, x, 2, spec=f32(2)),)

    def then(b, x, n):
        return b.loop(region([f32(2)], halve_test), region([f32(2)], halve), [x], [], [f32(2)])

    def orelse(b, x, n):
        odd = b.op(operator.eq, b.op(operator.mod, n, 2, spec=INT), 1, spec=BOOL)

        def double(b, x):
            return (b.op(aten.mul.Tensor, x, 3.0, spec=f32(2)),)

        def shift(b, x):
            return (b.op(aten.add.Tensor, x, 0.75, spec=f32(2)),)

        return b.cond(odd, region([f32(2)], double), region([f32(2)], shift), [x], [f32(2)])

    def body(b, x, n):
        pred = b.op(aten.gt.Scalar, b.op(aten.sum.default, x, spec=f32()), 2.0, spec=b8())
        specs = [f32(2), INT]
        (y,) = b.cond(pred, region(specs, then), region(specs, orelse), [x, n], [f32(2)])
        return y, b.op(operator.add, n, 1, spec=INT)

    def build(b, x):
        specs = [f32(2), INT]
        x, _ = b.loop(region(specs, test), region(specs, body), [x, 0], [], specs)
        return (x,)

    return program({"x": f32(2)}, build, Leaf(0), name="nested")


def recursion() -> SymbolicGraph:
    """`power(x, n) = 1 if n == 0 else x * power(x, n - 1)`, on a number read out of a tensor."""

    def build_power(b, itself, x, n):
        b.at(2, "if n == 0:")
        zero = b.op(operator.le, n, 0, spec=BOOL)

        def base(b, x, n):
            b.at(3, "return torch.ones_like(x)")
            return (b.op(aten.ones_like.default, x, spec=f32()),)

        def step(b, x, n):
            b.at(4, "return x * power(x, n - 1)")
            (inner,) = b.parts(b.op(itself, x, b.op(operator.sub, n, 1, spec=INT), spec=(f32(),)))
            return (b.op(aten.mul.Tensor, x, inner, spec=f32()),)

        return b.cond(zero, region([f32(), INT], base), region([f32(), INT], step), [x, n], [f32()])

    power = function("power", [f32(), INT], build_power)

    def build(b, x, count):
        b.at(7, "return power(x, int(count))")
        number = b.op(aten.item.default, count, spec=INT)
        return b.parts(b.op(power, x, number, spec=(f32(),)))

    return program({"x": f32(), "count": TensorSpec(torch.int64, ())}, build, Leaf(0), name="power")


def mutual() -> SymbolicGraph:
    """`even(n)` and `odd(n)`, each calling the other; one output is a Python bool."""
    even, odd = Function("even"), Function("odd")

    def side(other, base):
        def build(b, n):
            def step(b, n):
                return b.parts(b.op(other, b.op(operator.sub, n, 1, spec=INT), spec=(BOOL,)))

            zero = b.op(operator.eq, n, 0, spec=BOOL)
            return b.cond(zero, region([INT], lambda b, n: (base,)), region([INT], step), [n], [BOOL])

        return region([INT], build)

    even.body, odd.body = side(odd, True), side(even, False)
    return program({"n": INT}, lambda b, n: b.parts(b.op(even, n, spec=(BOOL,))), Leaf(0), name="parity")


def guarded() -> SymbolicGraph:
    """`if n < 0: raise ValueError(f"negative", n)`, then a square root of a Python number."""

    def build(b, n):
        b.at(2, "if n < 0:")
        negative = b.op(operator.lt, n, 0, spec=BOOL)

        def bad(b, n):
            b.at(3, "raise ValueError('negative', n)")
            b.fail(ValueError, ("negative", Hole(0)), n)
            return (None,)

        def good(b, n):
            b.at(4, "return math.sqrt(n)")
            return (b.op(math.sqrt, n, spec=FLOAT),)

        return b.cond(negative, region([FLOAT], bad), region([FLOAT], good), [n], [FLOAT])

    return program({"n": FLOAT}, build, Leaf(0), name="guarded")


def layouts() -> SymbolicGraph:
    """Every layout: nested containers, named tuple, dataclass, a choice and a list of rows; and effects."""

    def build(b, x):
        table = b.op(aten.cumsum.default, x, 0, spec=f32(3))
        pred = b.op(
            aten.item.default, b.op(aten.gt.Scalar, b.op(aten.sum.default, x, spec=f32()), 0, spec=b8()), spec=BOOL
        )
        return x, table, pred, b.op(operator.add, 2, 3, spec=INT)

    result = Mapping_(
        dict,
        ("pair", 7, "point", "choice", "rows", "ordered", "constants"),
        (
            Sequence_(Pair, (Leaf(0), Leaf(1))),
            Sequence_(tuple, (Leaf(1),)),
            Object_(Point, ("x", "n"), (Leaf(0), Leaf(3))),
            Choice(2, Constant("positive"), Sequence_(list, (Leaf(3),))),
            Rows((1, 0), (True, False), Sequence_(tuple, (Leaf(0), Leaf(1)))),
            Mapping_(OrderedDict, ("a",), (Leaf(1),)),
            Sequence_(tuple, (Constant(None), Constant(float("inf")), Constant(torch.float64), Constant((1, "two")))),
        ),
    )
    effects = (
        Effect("tensor", "self.total", Leaf(1)),
        Effect("attribute", "self.calls", Leaf(3)),
        Effect("output", "print", Constant("done")),
    )
    state = {"total": ("self.total", torch.zeros(3))}

    return program({"x": f32(3)}, lambda b, x, total: build(b, x), result, state, effects, name="layouts")


def constants() -> SymbolicGraph:
    """A small and a large tensor constant, an op with several results, keyword arguments, and an index with a hole."""

    def build(b, x):
        small = b.attribute(torch.tensor([0.5, -1.25, float("inf")]), f32(3))
        large = b.attribute(torch.arange(40.0), f32(40))
        values, order = b.parts(b.op(aten.topk.default, large, 3, spec=(f32(3), TensorSpec(torch.int64, (3,)))))
        picked = b.op(aten.index.Tensor, large, [order], spec=f32(3))
        ones = b.op(aten.ones.default, [3], dtype=torch.float32, device=torch.device("cpu"), spec=f32(3))
        total = b.op(aten.add.Tensor, x, small, alpha=2, spec=f32(3))
        stacked = b.op(aten.stack.default, [total, values, picked, ones], spec=f32(4, 3))
        return (b.op(aten.sum.dim_IntList, stacked, [0], True, spec=f32(1, 3)),)

    return program({"x": f32(3)}, build, Leaf(0), name="constants")


def folded() -> SymbolicGraph:
    """A tree of leaves `x` and inner nodes `tanh(left * scale + right)`, level by level; its structure is an input."""

    def inner(b, left, right, scale):
        b.at(5, "return torch.tanh(visit(node.left) * scale + visit(node.right))")
        scaled = b.op(aten.mul.Tensor, left, scale, spec=f32("rows", 2))
        return (
            b.op(aten.tanh.default, b.op(aten.add.Tensor, scaled, right, spec=f32("rows", 2)), spec=f32("rows", 2)),
        )

    leaf, node = Function("leaf"), Function("node")
    leaf.body = region([f32("rows", 2)], lambda b, x: (x,))
    node.body = region([f32("rows", 2), f32("rows", 2), f32(2)], inner)

    def build(b, counts, roots, x, left, right, scale):
        b.at(8, "return visit(tree).sum()")
        target = Fold((leaf, node), (1, 0), (0, 2), ((), (0,)))
        (found,) = b.parts(b.op(target, counts, roots, x, left, right, scale, spec=(f32(1, 2),)))
        return (b.op(aten.sum.default, found, spec=f32()),)

    def numbers(*sizes):
        return TensorSpec(torch.int64, sizes)

    specs = {"counts": numbers("levels", 2), "roots": numbers(1), "x": f32("leaves", 2)}
    specs |= {"left": numbers("nodes"), "right": numbers("nodes"), "scale": f32(2)}
    return program(specs, build, Leaf(0), name="folded")


ALL = {
    build.__name__: build for build in (branch, loop, nested, recursion, mutual, guarded, layouts, constants, folded)
}
