"""For every operation with native code: calls of it, with tensors of some sizes, types and strides."""

from __future__ import annotations

import torch

aten = torch.ops.aten


def made(*sizes, dtype=torch.float32, low=-2.0, high=2.0):
    if dtype is torch.bool:
        return torch.rand(sizes) > 0.5
    values = torch.rand(sizes, dtype=torch.float64) * (high - low) + low
    return values.to(dtype)


def odd(*sizes):
    """NaN and infinities among ordinary numbers."""
    x = made(*sizes)
    flat = x.view(-1)
    for k, value in enumerate((float("nan"), float("inf"), -float("inf"), 0.0, -0.0)):
        if k < flat.numel():
            flat[k] = value
    return x


def numbers(size, *sizes):
    return torch.randint(-size, size, sizes)


X, Y = odd(3, 5), made(3, 5)
ROW, COLUMN, ZERO, NONE = made(5), made(3, 1), made(), made(0, 4)
TURNED = made(5, 3).t()
WHOLE, BOOLS, DOUBLE = (
    made(3, 5, dtype=torch.int64, low=-9, high=9),
    made(3, 5, dtype=torch.bool),
    made(3, 5, dtype=torch.float64),
)
POSITIVE, UNIT = made(3, 5, low=0.1, high=3.0), made(3, 5, low=-0.9, high=0.9)
CUBE = made(2, 3, 4)


def unary(name, *more):
    return [(getattr(aten, name).default, (x,)) for x in (X, TURNED, ZERO, NONE, DOUBLE, *more)]


def binary(name, *more):
    op = getattr(aten, name).Tensor
    pairs = [(X, Y), (TURNED, Y), (Y, ROW), (COLUMN, ROW), (X, ZERO), (DOUBLE, DOUBLE.flip(0)), (NONE, NONE), *more]
    return [(op, pair) for pair in pairs]


INTS = ((WHOLE, WHOLE.flip(0)), (WHOLE, Y))

SAMPLES: dict[str, list] = {
    **{name: unary(name) for name in ("exp", "expm1", "exp2", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan")},
    **{
        name: unary(name)
        for name in ("sinh", "cosh", "tanh", "asinh", "atan", "erf", "erfc", "sigmoid", "sgn", "positive")
    },
    **{name: unary(name, POSITIVE) for name in ("log", "log1p", "log2", "log10", "acosh")},
    **{name: unary(name, UNIT) for name in ("asin", "acos", "atanh")},
    **{name: unary(name, WHOLE) for name in ("neg", "relu", "abs", "sign", "clone", "alias", "detach", "logical_not")},
    **{name: unary(name, WHOLE) for name in ("isnan", "isinf", "lift_fresh_copy", "conj_physical")},
    **{name: unary(name) for name in ("floor", "ceil", "trunc", "round", "signbit", "isfinite")},
    "bitwise_not": [(aten.bitwise_not.default, (x,)) for x in (WHOLE, BOOLS)],
    **{name: binary(name, *INTS) for name in ("add", "sub", "mul")},
    **{
        name: [(getattr(aten, name).default, p) for p in ((X, Y), (Y, ROW), INTS[0])] for name in ("maximum", "minimum")
    },
    **{name: [(getattr(aten, name).default, (X, Y))] for name in ("fmax", "fmin")},
    **{name: [*binary(name), (getattr(aten, name).Scalar, (WHOLE, 3))] for name in ("fmod", "remainder")},
    **{
        name: [(getattr(aten, name).Tensor, p) for p in ((WHOLE, WHOLE.flip(0)), (BOOLS, BOOLS.flip(0)))]
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
    },
    "copysign": binary("copysign"),
    **{
        name: [*binary(name, *INTS), (getattr(aten, name).Scalar, (X, 0.5)), (getattr(aten, name).Scalar, (WHOLE, 1.5))]
        for name in ("eq", "ne", "lt", "le", "gt", "ge")
    },
    **{
        name: [(getattr(aten, name).default, p) for p in ((BOOLS, BOOLS.flip(0)), (X, WHOLE))]
        for name in ("logical_and", "logical_or", "logical_xor")
    },
    "rsub": [(aten.rsub.Scalar, (X, 2.0)), (aten.rsub.Scalar, (X, 2.0, 3.0))],
    "div": [
        *binary("div", *INTS),
        (aten.div.Tensor_mode, (Y, POSITIVE), {"rounding_mode": "floor"}),
        (aten.div.Tensor_mode, (X, Y), {"rounding_mode": "trunc"}),
        (aten.div.Tensor, (WHOLE, 4)),
    ],
    "pow": [(aten.pow.Tensor_Scalar, (X, e)) for e in (2, 3, 0.5, -1, 1.7)]
    + [(aten.pow.Tensor_Tensor, (POSITIVE, Y)), (aten.pow.Tensor_Scalar, (WHOLE, 2))],
    "where": [(aten.where.self, (BOOLS, X, Y)), (aten.where.self, (BOOLS, ROW, ZERO))],
    "clamp": [
        (aten.clamp.default, (X, -0.5, 0.5)),
        (aten.clamp.default, (X, None, 0.5)),
        (aten.clamp.default, (WHOLE, -2, 3)),
    ],
    "leaky_relu": [*unary("leaky_relu"), (aten.leaky_relu.default, (X, -0.3)), (aten.leaky_relu.default, (X, 0))],
    "clamp_min": [(aten.clamp_min.default, (X, 0.1))],
    "clamp_max": [(aten.clamp_max.default, (X, 0.1))],
    "_to_copy": [
        (aten._to_copy.default, (x,), {"dtype": d})
        for x, d in (
            (Y, torch.float64),
            (Y, torch.int64),
            (WHOLE, torch.float32),
            (WHOLE, torch.bool),
            (BOOLS, torch.float32),
        )
    ],
    "convert_element_type": [(torch.ops.prims.convert_element_type.default, (Y, torch.float64))],
    "to": [(aten._to_copy.default, (Y,), {"dtype": torch.float64})],
    "copy": [(aten.copy.default, (X, ROW))],
    "full": [(aten.full.default, ([2, 3], 1.5)), (aten.full.default, ([0], 1)), (aten.full.default, ([], True))],
    "full_like": [(aten.full_like.default, (X, 2))],
    "scalar_tensor": [(aten.scalar_tensor.default, (2.5,)), (aten.scalar_tensor.default, (2,), {"dtype": torch.int64})],
    "zeros": [(aten.zeros.default, ([2, 2],))],
    "zeros_like": [(aten.zeros_like.default, (X,))],
    "new_zeros": [(aten.new_zeros.default, (X, [2]))],
    "ones": [(aten.ones.default, ([2, 2],))],
    "ones_like": [(aten.ones_like.default, (WHOLE,))],
    "empty": [],
    "empty_like": [],
    "new_empty": [],
    "arange": [
        (aten.arange.start_step, (1, 9, 2)),
        (aten.arange.start_step, (0.0, 1.0, 0.25)),
        (aten.arange.default, (4,)),
    ],
    "view": [
        (aten.view.default, (CUBE, [6, 4])),
        (aten.view.default, (CUBE, [2, 1, 12])),
        (aten.view.default, (ZERO, [1, 1])),
    ],
    "_unsafe_view": [(aten._unsafe_view.default, (CUBE, [24]))],
    "reshape": [(aten._unsafe_view.default, (CUBE, [24]))],
    "unsqueeze": [(aten.unsqueeze.default, (X, 1)), (aten.unsqueeze.default, (TURNED, -1))],
    "squeeze": [(aten.squeeze.dim, (COLUMN, 1)), (aten.squeeze.dims, (made(1, 3, 1), [0, 2]))],
    "permute": [(aten.permute.default, (CUBE, [2, 0, 1])), (aten.permute.default, (CUBE, [-1, 1, 0]))],
    "t": [(aten.t.default, (X,))],
    "transpose": [(aten.transpose.int, (CUBE, 0, -1))],
    "expand": [(aten.expand.default, (COLUMN, [2, 3, 5])), (aten.expand.default, (ZERO, [4]))],
    "slice": [
        (aten.slice.Tensor, (X, 0, 1, 3)),
        (aten.slice.Tensor, (CUBE, 2, -3, 99, 2)),
        (aten.slice.Tensor, (X, 1, 4, 2)),
    ],
    "select": [(aten.select.int, (CUBE, 1, -1)), (aten.select.int, (TURNED, 0, 2))],
    "slice_scatter": [(aten.slice_scatter.default, (X, made(3, 2), 1, 1, 5, 2))],
    "select_scatter": [(aten.select_scatter.default, (X, made(3), 1, -2))],
    "cat": [
        (aten.cat.default, ([X, Y, made(1, 5)],)),
        (aten.cat.default, ([X, WHOLE, TURNED], -1)),
        (aten.cat.default, ([made(0), X],)),
    ],
    "stack": [(aten.stack.default, ([X, Y], 1)), (aten.stack.default, ([ZERO, ZERO],))],
    "repeat": [
        (aten.repeat.default, (X, [1, 2])),
        (aten.repeat.default, (X, [2, 1, 3])),
        (aten.repeat.default, (made(1, 4), [3, 2])),
    ],
    "flip": [(aten.flip.default, (CUBE, [0, -1]))],
    "constant_pad_nd": [
        (aten.constant_pad_nd.default, (X, [1, 2, 0, 1], 3.0)),
        (aten.constant_pad_nd.default, (X, [-1, 1])),
    ],
    **{
        name: [(op.default, (x,)) for x in (X, CUBE, ZERO, WHOLE, NONE)]
        + [
            (op.dim_IntList, (CUBE, dims, keep))
            for dims, keep in (([0], False), ([2], True), ([0, 2], False), ([-2], True))
        ]
        + [(op.dim_IntList, (made(70, 40), [0])), (op.dim_IntList, (TURNED, [0]))]
        for name, op in (("sum", aten.sum),)
    },
    "prod": [(aten.prod.default, (Y,)), (aten.prod.dim_int, (CUBE, 1, True))],
    **{
        name: [(getattr(aten, name).default, (x,)) for x in (BOOLS, X, WHOLE)]
        + [(getattr(aten, name).dim, (BOOLS, 1, True))]
        for name in ("any", "all")
    },
    **{
        name: [
            (getattr(aten, name).default, (x, dims, keep))
            for x, dims, keep in (
                (X, [1], False),
                (CUBE, [0, 2], True),
                (CUBE, [], False),
                (WHOLE, [0], False),
                (ZERO, [], False),
            )
        ]
        for name in ("amax", "amin")
    },
    **{
        name: [(getattr(aten, name).default, (x,)) for x in (X, CUBE, WHOLE)]
        + [
            (getattr(aten, name).dim, (x, d, keep))
            for x, d, keep in ((X, 1, False), (CUBE, 0, True), (WHOLE, -1, False))
        ]
        for name in ("max", "min")
    },
    **{
        name: [(getattr(aten, name).default, p) for p in ((X,), (CUBE, 1), (CUBE, -1, True), (WHOLE, 0), (ZERO,))]
        for name in ("argmax", "argmin")
    },
    "mean": [(aten.mean.default, (Y,)), (aten.mean.dim, (CUBE, [1], True)), (aten.mean.default, (NONE,))],
    "var": [
        (aten.var.correction, (CUBE, [2]), {"correction": 1}),
        (aten.var.correction, (Y, None), {"correction": 0}),
        (aten.var.correction, (made(1), [0]), {"correction": 1}),
    ],
    "var_mean": [(aten.var_mean.correction, (CUBE, [0, 2]), {"correction": 1, "keepdim": True})],
    "cumsum": [(aten.cumsum.default, (CUBE, 1)), (aten.cumsum.default, (WHOLE, -1)), (aten.cumsum.default, (ZERO, 0))],
    "linalg_vector_norm": [
        (aten.linalg_vector_norm.default, (Y,)),
        (aten.linalg_vector_norm.default, (CUBE, 2, [1], True)),
        (aten.linalg_vector_norm.default, (CUBE, 1, [0])),
    ],
    "_softmax": [(aten._softmax.default, (x, d, False)) for x, d in ((Y, 1), (CUBE, 0), (DOUBLE, -1))],
    "_log_softmax": [(aten._log_softmax.default, (x, d, False)) for x, d in ((Y, 1), (CUBE, 1))],
    "native_layer_norm": [
        (aten.native_layer_norm.default, (Y, [5], ROW, made(5), 1e-5)),
        (aten.native_layer_norm.default, (CUBE, [3, 4], None, None, 1e-3)),
    ],
    "mm": [
        (aten.mm.default, pair)
        for pair in (
            (Y, made(5, 2)),
            (Y, made(2, 5).t()),
            (TURNED, made(5, 40)),
            (made(9, 33), made(33, 70)),
            (made(7, 1), made(1, 7)),
            (made(1, 64), made(64, 64)),
            (made(8, 64), made(64, 64).t()),
            (made(64, 8).t(), made(64, 17)),
            (made(80, 90), made(90, 100)),
            (made(90, 80).t(), made(100, 90).t()),
            (DOUBLE, DOUBLE.t()),
            (made(3, 0), made(0, 4)),
        )
    ],
    "bmm": [
        (aten.bmm.default, (made(4, 3, 5), made(4, 5, 2))),
        (aten.bmm.default, (made(4, 5, 3).mT, made(1, 5, 6).expand(4, 5, 6))),
    ],
    "addmm": [(aten.addmm.default, (made(6), Y, made(5, 6))), (aten.addmm.default, (made(3, 6), Y, made(6, 5).t()))],
    "baddbmm": [(aten.baddbmm.default, (made(4, 3, 2), made(4, 3, 5), made(4, 5, 2)))],
    "index_select": [
        (aten.index_select.default, (CUBE, 1, torch.tensor([2, 0, 0]))),
        (aten.index_select.default, (X, 0, torch.tensor(1))),
    ],
    "embedding": [
        (aten.embedding.default, (Y, torch.tensor([[0, 2], [1, 1]]))),
        (aten.embedding.default, (Y, torch.tensor(2))),
    ],
    "gather": [
        (aten.gather.default, (CUBE, 2, torch.randint(4, (2, 3, 2)))),
        (aten.gather.default, (X, 0, torch.randint(3, (2, 5)))),
    ],
    "index": [
        (aten.index.Tensor, (CUBE, [None, numbers(3, 4)])),
        (aten.index.Tensor, (CUBE, [numbers(2, 4), numbers(3, 2, 4)])),
    ],
    "index_put": [
        (aten.index_put.default, (X, [torch.tensor([2, 0])], made(2, 5))),
        (aten.index_put.default, (X, [torch.tensor([1, 1])], made(5), True)),
    ],
    "index_add": [(aten.index_add.default, (X, 1, torch.tensor([4, 0, 4]), made(3, 3)))],
    "index_copy": [(aten.index_copy.default, (X, 0, torch.tensor([2, 1]), made(2, 5)))],
    "scatter": [
        (aten.scatter.src, (X, 1, torch.tensor([[0], [3], [4]]), made(3, 1))),
        (aten.scatter.value, (X, 0, torch.tensor([[2, 1]]), 7.0)),
    ],
    "scatter_add": [(aten.scatter_add.default, (X, 1, torch.tensor([[0, 0], [3, 1], [4, 4]]), made(3, 2)))],
}
"""Name -> calls: an overload, its arguments, and possibly its keyword arguments. Of `empty` nothing can be compared."""
