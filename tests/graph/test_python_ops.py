"""Every readable spelling of an operation reaches the same operator with the same values."""

from __future__ import annotations

import math
import operator

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from diptych.graph import vocabulary
from diptych.graph.layout import Leaf
from diptych.graph.spec import NumberSpec, TensorSpec
from tests.graph.build import alike, aten, program

X = torch.tensor([[1.5, -2.0, 0.25], [3.0, 4.0, -1.0]])
Y = torch.tensor([[2.0, 3.0, -0.5], [1.0, -4.0, 2.0]])
M = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
N = torch.tensor([[6, 3, 5], [1, 0, 7]])
J = torch.tensor([1, 0])
B = torch.tensor([[True, False, True], [False, True, True]])
IMAGE = torch.arange(2 * 3 * 6 * 6.0).reshape(2, 3, 6, 6).sin()
KERNEL = torch.arange(4 * 3 * 3 * 3.0).reshape(4, 3, 3, 3).cos()
FACTORY = {"dtype": torch.float64, "layout": torch.strided, "device": torch.device("cpu"), "pin_memory": False}

CASES = [
    (aten.add.Tensor, (X, Y), {}, "x + y"),
    (aten.add.Tensor, (X, 2), {}, "x + 2"),
    (aten.add.Tensor, (X, Y), {"alpha": 3}, "torch.add(x, y, alpha=3)"),
    (aten.sub.Tensor, (X, Y), {}, "x - y"),
    (aten.rsub.Scalar, (X, 1.0), {}, "1.0 - x"),
    (aten.rsub.Scalar, (X, 1.0, 2), {}, "torch.rsub(x, 1.0, alpha=2)"),
    (aten.mul.Tensor, (X, -3), {}, "x * -3"),
    (aten.div.Tensor, (X, Y), {}, "x / y"),
    (aten.div.Tensor_mode, (X, Y), {"rounding_mode": "floor"}, 'torch.div(x, y, rounding_mode="floor")'),
    (aten.floor_divide.default, (X, Y), {}, "x // y"),
    (aten.remainder.Scalar, (X, 2), {}, "x % 2"),
    (aten.fmod.Scalar, (X, 2), {}, "torch.fmod(x, 2)"),
    (aten.pow.Tensor_Scalar, (X, -2), {}, "x ** -2"),
    (aten.pow.Scalar, (2.0, X), {}, "torch.pow(2.0, x)"),
    (aten.neg.default, (X,), {}, "-x"),
    (aten.abs.default, (X,), {}, "torch.abs(x)"),
    (aten.matmul.default, (X, M), {}, "x @ y"),
    (aten.mm.default, (X, M), {}, "x @ y"),
    (aten.bmm.default, (X[None], M[None]), {}, "torch.bmm(x, y)"),
    (aten.addmm.default, (J.float(), X, M), {}, "torch.addmm(x, y, z)"),
    *((getattr(aten, n).Tensor, (X, Y), {}, f"x {s} y") for n, s in zip(("lt", "le"), ("<", "<="), strict=True)),
    *((getattr(aten, n).Scalar, (X, 0), {}, f"x {s} 0") for n, s in (("eq", "=="), ("ne", "!="), ("ge", ">="))),
    (aten.bitwise_and.Tensor, (N, N), {}, "x & y"),
    (aten.bitwise_or.Scalar, (N, 4), {}, "x | 4"),
    (aten.bitwise_xor.Tensor, (N, N), {}, "x ^ y"),
    (aten.bitwise_not.default, (B,), {}, "~x"),
    (aten.logical_not.default, (B,), {}, "torch.logical_not(x)"),
    (aten.sum.default, (X,), {}, "x.sum()"),
    (aten.sum.default, (X,), {"dtype": torch.float64}, "x.sum(dtype=torch.float64)"),
    (aten.sum.dim_IntList, (X, [1], True), {}, "x.sum([1], keepdim=True)"),
    (aten.mean.dim, (X, [0]), {}, "x.mean([0])"),
    (aten.max.default, (X,), {}, "x.max()"),
    (aten.amax.default, (X, [1]), {}, "torch.amax(x, dim=[1])"),
    (aten.argmax.default, (X, 1), {}, "x.argmax(dim=1)"),
    (aten.any.dim, (B, 1), {}, "x.any(1)"),
    (aten.cumsum.default, (X, 1), {}, "torch.cumsum(x, 1)"),
    (aten.softmax.int, (X, 1), {}, "torch.softmax(x, 1)"),
    (aten._softmax.default, (X, 1, False), {}, "torch._softmax(x, 1, False)"),
    (aten.log_softmax.int, (X, -1), {}, "torch.log_softmax(x, -1)"),
    (aten.relu.default, (X,), {}, "torch.relu(x)"),
    (aten.gelu.default, (X,), {"approximate": "tanh"}, 'F.gelu(x, approximate="tanh")'),
    (aten.softplus.default, (X,), {}, "F.softplus(x)"),
    (aten.silu.default, (X,), {}, "torch.ops.aten.silu.default(x)"),
    (aten.clamp.default, (X, 0), {}, "torch.clamp(x, min=0)"),
    (aten.clamp.default, (X, None, 1), {}, "torch.clamp(x, max=1)"),
    (aten.where.self, (B, X, Y), {}, "torch.where(x, y, z)"),
    (aten.where.ScalarOther, (B, X, 0.0), {}, "torch.where(x, y, 0.0)"),
    (aten.masked_fill.Scalar, (X, B, -1.0), {}, "torch.masked_fill(x, y, -1.0)"),
    (aten.linear.default, (X, M.t().contiguous(), J.float()), {}, "F.linear(x, y, bias=z)"),
    (aten.linear.default, (X, M.t().contiguous()), {}, "F.linear(x, y)"),
    (
        aten.conv2d.default,
        (IMAGE, KERNEL, None, [2, 2], [1, 1]),
        {},
        "torch.conv2d(x, y, stride=[2, 2], padding=[1, 1])",
    ),
    (aten.max_pool2d.default, (IMAGE, [2, 2]), {}, "torch.max_pool2d(x, [2, 2])"),
    (aten.avg_pool2d.default, (IMAGE, [2, 2]), {}, "F.avg_pool2d(x, [2, 2])"),
    (aten.adaptive_avg_pool2d.default, (IMAGE, [1, 1]), {}, None),
    (aten.dropout.default, (X, 0.5, False), {}, "torch.dropout(x, 0.5, False)"),
    (aten.layer_norm.default, (X, [3]), {}, "torch.layer_norm(x, [3])"),
    (aten.embedding.default, (M, J), {}, "torch.embedding(x, y)"),
    (aten.reshape.default, (X, [3, -1]), {}, "x.reshape([3, -1])"),
    (aten.view.default, (X, [6]), {}, "x.view([6])"),
    (aten.permute.default, (X, [1, 0]), {}, "x.permute([1, 0])"),
    (aten.transpose.int, (X, 0, 1), {}, "x.transpose(0, 1)"),
    (aten.t.default, (X,), {}, "x.t()"),
    (aten.unsqueeze.default, (X, 0), {}, "x.unsqueeze(0)"),
    (aten.squeeze.dim, (X[None], 0), {}, "x.squeeze(0)"),
    (aten.expand.default, (X[None], [4, 2, 3]), {}, "x.expand([4, 2, 3])"),
    (aten.repeat.default, (X, [2, 1]), {}, "x.repeat([2, 1])"),
    (aten.flatten.using_ints, (IMAGE, 1), {}, "x.flatten(start_dim=1)"),
    (aten.cat.default, ([X, Y],), {}, "torch.cat([x, y])"),
    (aten.cat.default, ([X, Y], 1), {}, "torch.cat([x, y], dim=1)"),
    (aten.stack.default, ([X, Y], 0), {}, "torch.stack([x, y])"),
    (aten.select.int, (X, 0, 1), {}, "x[1]"),
    (aten.select.int, (X, 1, -1), {}, "torch.select(x, 1, -1)"),
    (aten.slice.Tensor, (X, 0, 1), {}, "x[1:]"),
    (aten.slice.Tensor, (X, 1, 0, 2), {}, "x[:, :2]"),
    (aten.slice.Tensor, (X, 1, 0, 9223372036854775807, 2), {}, "x[:, ::2]"),
    (aten.slice.Tensor, (X, -1, 1), {}, "torch.ops.aten.slice.Tensor(x, -1, 1)"),
    (aten.slice.Tensor, (X,), {}, "x[:]"),
    (aten.index.Tensor, (X, [J]), {}, "x[y]"),
    (aten.index.Tensor, (X, [None, J]), {}, "x[:, y]"),
    (aten.index.Tensor, (X, [B]), {}, "x[y]"),
    (aten.index.Tensor, (X, [J[0]]), {}, "torch.ops.aten.index.Tensor(x, [y])"),
    (aten.index_put.default, (X, [J], Y), {}, "torch.index_put(x, [y], z)"),
    (aten.index_select.default, (X, 1, J), {}, "torch.index_select(x, 1, y)"),
    (aten.gather.default, (X, 1, N % 3), {}, "torch.gather(x, 1, y)"),
    (aten.scatter.src, (X, 1, N % 3, Y), {}, "torch.scatter(x, 1, y, z)"),
    (aten.item.default, (X[0, 0],), {}, "x.item()"),
    (aten.sym_size.int, (X, 1), {}, "x.shape[1]"),
    (aten.clone.default, (X,), {}, "x.clone()"),
    (aten.detach.default, (X,), {}, "x.detach()"),
    (aten._to_copy.default, (X,), {"dtype": torch.int64}, "x.to(torch.int64, copy=True)"),
    (aten.to.dtype, (X, torch.float64), {}, "x.to(torch.float64)"),
    (aten.full.default, ([2, 3], 1.5), FACTORY, 'torch.full([2, 3], 1.5, dtype=torch.float64, device="cpu")'),
    (aten.arange.start, (1, 5), {}, "torch.arange(1, 5)"),
    (aten.zeros_like.default, (X,), {}, "torch.zeros_like(x)"),
    (aten.scalar_tensor.default, (2.0,), {"dtype": torch.float32}, "torch.scalar_tensor(2.0, dtype=torch.float32)"),
    (aten.new_zeros.default, (X, [2]), {}, "x.new_zeros([2])"),
    (aten.std.correction, (X, [1]), {"correction": 0}, "torch.std(x, dim=[1], correction=0)"),
    (aten.var.correction, (X,), {}, None),
    (aten.rand_like.default, (X,), {}, "torch.rand_like(x)"),
    (aten.einsum.default, ("ij,jk->ik", [X, M]), {}, None),
    (aten.topk.default, (X, 2), {}, "torch.topk(x, 2)"),
    (aten.sort.default, (X,), {"descending": True}, "torch.sort(x, descending=True)"),
    (aten.split.Tensor, (X, 1), {}, None),
    (aten.norm.Scalar, (X,), {}, None),
]


class Recorder(TorchDispatchMode):
    """Writes down the operators that reach the dispatcher."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls.append(str(function))
        return function(*args, **(kwargs or {}))


def build(target, args, kwargs):
    """A graph of one step over the tensors in `args`; what is not a tensor is a constant."""
    tensors = [a for a in torch.utils._pytree.tree_leaves((args, kwargs)) if isinstance(a, torch.Tensor)]
    specs = dict(zip("xyzw", (TensorSpec(t.dtype, tuple(t.shape)) for t in tensors), strict=False))
    made = target(*args, **kwargs)

    def steps(b, *nodes):
        remaining = iter(nodes)
        placed = torch.utils._pytree.tree_map(
            lambda a: next(remaining) if isinstance(a, torch.Tensor) else a, (args, kwargs)
        )
        whole = b.op(target, *placed[0], spec=spec_of(made), **placed[1])
        return b.parts(whole) if isinstance(whole.meta["spec"], tuple) else (whole,)

    return program(specs, steps), tensors


def spec_of(value):
    if isinstance(value, tuple | list):
        return tuple(map(spec_of, value))
    if isinstance(value, torch.Tensor):
        return TensorSpec(value.dtype, tuple(value.shape))
    return NumberSpec(type(value).__name__)


@pytest.mark.parametrize(("target", "args", "kwargs", "text"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_spelling(target, args, kwargs, text):
    graph, tensors = build(target, args, kwargs)
    source = graph.to_python()
    if text is not None:
        assert text in source
        assert ("torch.ops" in source) == ("torch.ops" in text)
    names = {}
    exec(source, names)
    results = []
    for run in (graph, names["program"]):
        torch.manual_seed(0)
        with Recorder() as recorder:
            results.append((run(*tensors), recorder.calls))
    assert alike(results[0][0], results[1][0])
    if not any(short in str(target) for short in ("index.Tensor", "_to_copy", "select", "slice")):
        assert results[0][1] == results[1][1]


NUMBERS = {
    "add": (7, 2), "sub": (7, 2), "mul": (7, 2), "truediv": (7, 2), "floordiv": (-7, 2), "mod": (-7, 2), "pow": (-2, 3),
    "neg": (7,), "pos": (7,), "abs": (-7,), "eq": (1, 2), "ne": (1, 2), "lt": (1, 2), "le": (1, 2), "gt": (1, 2),
    "ge": (1, 2), "and_": (6, 3), "or_": (6, 3), "xor": (6, 3), "not_": (0,), "invert": (5,), "lshift": (5, 2),
    "rshift": (5, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in vocabulary.OPERATORS if name != "getitem"])
def test_operators_on_numbers(name):
    check_numbers(getattr(operator, name), NUMBERS[name])


@pytest.mark.parametrize(
    ("function", "numbers"),
    [(math.sqrt, (2.0,)), (math.atan2, (1.0, 2.0)), (math.gcd, (12, 18)), (int, (2.7,)), (float, (2,)), (bool, (3,)),
     (round, (2.567, 1)), (min, (1, 2)), (max, (1, 2, 3)), (abs, (-2,)), (pow, (2, 5, 7)), (math.isnan, (1.0,))],
)  # fmt: skip
def test_functions_on_numbers(function, numbers):
    check_numbers(function, numbers)


def check_numbers(function, numbers):
    expected = function(*numbers)
    specs = {name: NumberSpec(type(n).__name__) for name, n in zip("abc", numbers, strict=False)}
    graph = program(specs, lambda b, *nodes: (b.op(function, *nodes, spec=spec_of(expected)),), Leaf(0))
    names = {}
    exec(graph.to_python(), names)
    assert "operator." not in graph.to_python()
    assert alike(graph(*numbers), expected)
    assert alike(names["program"](*numbers), expected)


def test_parentheses_keep_the_order():
    INT = NumberSpec("int")

    def steps(b, x, y, z):
        difference = b.op(operator.sub, y, z, spec=INT)
        left = b.op(operator.sub, x, difference, spec=INT)
        power = b.op(operator.pow, b.op(operator.neg, left, spec=INT), 2, spec=INT)
        less = b.op(operator.lt, b.op(operator.lt, power, 3, spec=NumberSpec("bool")), 1, spec=NumberSpec("bool"))
        return (b.op(operator.not_, b.op(operator.eq, less, False, spec=NumberSpec("bool")), spec=NumberSpec("bool")),)

    graph = program({"x": INT, "y": INT, "z": INT}, steps, Leaf(0))
    assert "return not (((-(x - (y - z))) ** 2 < 3) < 1) == False" in graph.to_python()
    names = {}
    exec(graph.to_python(), names)
    for values in ((1, 2, 3), (5, 1, 1), (0, 0, 2)):
        assert names["program"](*values) == graph(*values)
