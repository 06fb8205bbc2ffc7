"""ONNX files give what ONNX's own reference evaluation gives, and `diptych verify` decides about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from typer.testing import CliRunner

from diptych.cli.main import app
from diptych.errors import LoadError
from diptych.interop.onnx_reader import load_onnx


def file(path: Path, nodes, constants, shape) -> Path:
    """A file with one input `x` and one output `y`."""
    made = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])], made,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.save(model, path)
    return path


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def node(kind: str, *takes: str, **attributes) -> onnx.NodeProto:
    return helper.make_node(kind, ["x", *takes], ["y"], **attributes)


CASES = {
    "gemm": ([node("Gemm", "w", "b", transB=1)], {"w": normal(3, 4), "b": normal(3)}, (2, 4)),
    "gemm scaled": ([node("Gemm", "w", "b", alpha=0.5, beta=2.0)], {"w": normal(4, 3), "b": normal(2, 3)}, (2, 4)),
    "matmul": ([node("MatMul", "w")], {"w": normal(4, 3)}, (2, 4)),
    "conv": ([node("Conv", "w", "b", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 1])],
             {"w": normal(3, 2, 3, 3), "b": normal(3)}, (1, 2, 6, 5)),
    "grouped": ([node("Conv", "w", kernel_shape=[2, 2], group=2)], {"w": normal(4, 1, 2, 2)}, (1, 2, 4, 4)),
    "maxpool": ([node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])], {}, (1, 2, 6, 4)),
    "avgpool": ([node("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 1, 1])], {}, (1, 2, 4, 4)),
    "batchnorm": ([node("BatchNormalization", "s", "b", "m", "v", epsilon=1e-3)],
                  {"s": normal(2), "b": normal(2), "m": normal(2), "v": np.abs(normal(2)) + 1}, (1, 2, 3, 3)),
    "flatten": ([node("Flatten", axis=1)], {}, (2, 3, 4)),
    "flatten all": ([node("Flatten", axis=0)], {}, (2, 3, 4)),
    "reshape": ([node("Reshape", "s")], {"s": np.array([0, -1])}, (2, 3, 4)),
    "transpose": ([node("Transpose", perm=[0, 2, 1])], {}, (2, 3, 4)),
    "softmax": ([node("Softmax", axis=1)], {}, (2, 3)),
    "leaky": ([node("LeakyRelu", alpha=0.2)], {}, (2, 3)),
    "concat": ([node("Concat", "x", axis=1)], {}, (2, 3)),
    **{name: ([node(name)], {}, (2, 3)) for name in ("Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Erf", "Sin")},
    **{name: ([node(name, "c")], {"c": normal(3)}, (2, 3)) for name in ("Add", "Sub", "Mul", "Div", "Max", "Min")},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_operations_give_what_onnx_says(name: str, tmp_path: Path) -> None:
    path = file(tmp_path / "net.onnx", *CASES[name])
    x = np.random.default_rng(1).standard_normal(CASES[name][2]).astype(np.float32)
    (wanted,) = ReferenceEvaluator(str(path)).run(None, {"x": x})
    given = load_onnx(path)(torch.from_numpy(x))
    torch.testing.assert_close(given, torch.from_numpy(wanted), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Celu")], "the operation Celu is not read"),
        ([node("MaxPool", kernel_shape=[2, 2], auto_pad="SAME_UPPER")], "auto_pad=SAME_UPPER"),
        ([node("MaxPool", kernel_shape=[2, 2], pads=[0, 0, 1, 1])], "differs between the two ends"),
    ],
)
def test_what_is_not_read_is_an_error(nodes, message: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=message):
        load_onnx(file(tmp_path / "net.onnx", nodes, {}, (1, 2, 4, 4)))


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"hello")
    with pytest.raises(LoadError, match="is not an ONNX network"):
        load_onnx(path)


PROPERTY = """(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)
(assert (<= X_0 1))(assert (>= X_0 -1))(assert (<= X_1 1))(assert (>= X_1 -1))(assert (>= Y_0 {}))"""


@pytest.mark.parametrize(("limit", "word", "code"), [(2.5, "proved", 0), (1.5, "refuted", 1)])
def test_the_command(limit: float, word: str, code: int, tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["y"])]
    path = file(tmp_path / "net.onnx", nodes, {"w": np.ones((2, 1), np.float32)}, (1, 2))
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format(limit))
    result = CliRunner().invoke(app, ["verify", str(path), "--property", str(tmp_path / "p.vnnlib"), "--time", "20"])
    assert result.exit_code == code, result.output
    assert result.stdout.splitlines()[-1].startswith(word)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    path = file(tmp_path / "net.onnx", [node("Relu")], {}, (1, 3))
    (tmp_path / "p.vnnlib").write_text(PROPERTY.format(1.0))
    result = CliRunner().invoke(app, ["verify", str(path), "--property", str(tmp_path / "p.vnnlib")])
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1] == "error"
    assert "the property is over 2 inputs and 1 outputs" in result.stderr
