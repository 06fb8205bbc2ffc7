"""Saved and loaded graphs are the same graphs; what is not data is refused; bad files are named as such."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass

import pytest
import torch

from diptych.errors import LoadError, SaveError
from diptych.graph import own
from diptych.graph.codec import Decoder, Encoder
from diptych.graph.functions import AutogradFunction
from diptych.graph.layout import Constant, Leaf, Object_, Sequence_
from diptych.graph.program import SymbolicGraph
from tests.graph import samples
from tests.graph.build import BOOL, alike, aten, f32, program, region


def tree(counts, left, right):
    """The inputs of the sample `folded`: the root is the node with the highest number."""
    leaves = torch.linspace(-1, 1, 2 * counts[0][0]).reshape(-1, 2)
    roots = torch.tensor([sum(map(sum, counts)) - 1])
    return torch.tensor(counts), roots, leaves, numbers(left), numbers(right), torch.tensor([0.5, 2.0])


def numbers(values):
    """The numbers of children."""
    return torch.tensor(values, dtype=torch.int64)


INPUTS = {
    "branch": [(torch.tensor([1.0, 2.0, -0.5]),), (torch.tensor([-1.0, -2.0, 0.5]),)],
    "loop": [(torch.tensor([0.1, 0.2]), 100.0), (torch.tensor([60.0, 60.0]), 100.0)],
    "nested": [(torch.tensor([9.0, 1.0]),), (torch.tensor([0.0, 0.0]),)],
    "recursion": [(torch.tensor(1.5), torch.tensor(4)), (torch.tensor(1.5), torch.tensor(0))],
    "mutual": [(4,), (5,)],
    "guarded": [(2.25,)],
    "layouts": [(torch.tensor([1.0, -2.0, 3.0]),), (torch.tensor([-1.0, 2.0, -3.0]),)],
    "constants": [(torch.tensor([1.0, -2.0, 3.0]),)],
    "folded": [
        tree([[3, 0], [0, 1], [0, 1]], [0, 2], [1, 3]),
        tree([[1, 0]], [], []),
        tree([[2, 0], [0, 2]], [0, 1], [1, 0]),
    ],
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "graph.zip"


@pytest.mark.parametrize("name", samples.ALL)
def test_round_trip(name, path):
    graph = samples.ALL[name]()
    graph.save(path)
    loaded = SymbolicGraph.load(path)
    assert str(loaded) == str(graph)
    assert loaded.lines() == graph.lines()
    assert (loaded.inputs, loaded.result, loaded.effects) == (graph.inputs, graph.result, graph.effects)
    for args in INPUTS[name]:
        assert alike(loaded(*args), graph(*args))


def test_exceptions_survive(path):
    samples.guarded().save(path)
    with pytest.raises(ValueError, match="negative") as caught:
        SymbolicGraph.load(path)(-4.0)
    assert caught.value.args == ("negative", -4.0)


def test_state_keeps_its_kind_and_sharing(path):
    weight = torch.nn.Parameter(torch.ones(3))
    state = {"a": ("self.a", weight), "b": ("self.b", weight), "c": ("self.c", torch.zeros(3))}
    graph = program({}, lambda b, p, q, r: (b.op(aten.mul.Tensor, p, q, spec=f32(3)), r), state=state)
    graph.save(path)
    loaded = SymbolicGraph.load(path).state
    assert loaded["a"] is loaded["b"]
    assert type(loaded["a"]) is torch.nn.Parameter
    assert loaded["a"].requires_grad
    assert not loaded["c"].requires_grad
    loaded["a"].data.zero_()
    assert weight.sum() == 3


def test_an_own_operation_is_found_by_name(path, monkeypatch):
    monkeypatch.setattr(own, "OWN", {})

    @own.register("twice")
    def twice(x):
        return x + x

    program({"x": f32(3)}, lambda b, x: (b.op(twice, x, spec=f32(3)),), Leaf(0)).save(path)
    assert torch.equal(SymbolicGraph.load(path)(torch.ones(3)), torch.full((3,), 2.0))
    own.OWN.clear()
    with pytest.raises(LoadError, match=r"own:twice, which is not known here"):
        SymbolicGraph.load(path)


VALUES = [
    *(1.5, float("inf"), -0.0, 1 + 2j, b"\x00a", "text", None, True, -7),
    *((1, (2, [3.0])), {"a": {1: 2}}, {1, 2}, frozenset("ab"), slice(1, None, 2), range(3), ...),
    *(torch.float32, torch.device("cpu"), torch.strided, torch.channels_last, torch.Size([2, 3]), dict, ValueError),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: str(sorted(v)) if isinstance(v, frozenset) else repr(v))
def test_constants(value):
    encoder = Encoder()
    written = json.loads(json.dumps(encoder.value(value)))
    read = Decoder(encoder.tensors).value(written)
    assert read == value
    assert type(read) is type(value)
    assert isinstance(value, frozenset | set) or repr(read) == repr(value)


def test_a_local_type_cannot_be_saved(path):
    @dataclass
    class Local:
        x: object

    graph = program({"x": f32(3)}, lambda b, x: (x,), Object_(Local, ("x",), (Leaf(0),)))
    with pytest.raises(SaveError, match=r"cannot save the type .*Local"):
        graph.save(path)
    assert list(path.parent.iterdir()) == []


def test_a_live_object_cannot_be_saved(path):
    graph = program({"x": f32(3)}, lambda b, x: (x,), Sequence_(tuple, (Leaf(0), Constant(object()))))
    with pytest.raises(SaveError, match="constant of type object"):
        graph.save(path)


def test_code_of_the_user_cannot_be_saved(path):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, gradient):
            return 2 * ctx.saved_tensors[0] * gradient

    def build(b, x):
        b.at(9, "y = Square.apply(x)")
        return (b.op(AutogradFunction(Square), x, spec=f32(3)),)

    graph = program({"x": f32(3)}, build, Leaf(0))
    assert "autograd." in str(graph)
    assert torch.equal(graph(torch.full((3,), 3.0)), torch.full((3,), 9.0))
    with pytest.raises(SaveError, match=r"(?s)autograd:.*Square.*model.py:9"):
        graph.save(path)


def test_a_failed_save_leaves_the_old_file(path):
    samples.branch().save(path)
    before = path.read_bytes()
    graph = program({"x": f32(3)}, lambda b, x: (x,), Constant(object()))
    with pytest.raises(SaveError):
        graph.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def rewrite(path, name, content):
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    parts[name] = content(parts[name]) if callable(content) else content
    with zipfile.ZipFile(path, "w") as archive:
        for n, data in parts.items():
            if data is not None:
                archive.writestr(n, data)


def changed(**fields):
    return lambda data: json.dumps(json.loads(data) | fields)


DAMAGE = {
    "not an archive": lambda path: path.write_text("graph"),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "no program": lambda path: rewrite(path, "graph.json", None),
    "no tensors": lambda path: rewrite(path, "tensors.pt", None),
    "not JSON": lambda path: rewrite(path, "graph.json", "{"),
    "another JSON": lambda path: rewrite(path, "graph.json", "[1]"),
    "another format": lambda path: rewrite(path, "graph.json", changed(format="recipe")),
    "another version": lambda path: rewrite(path, "graph.json", changed(version=99)),
    "bad tensors": lambda path: rewrite(path, "tensors.pt", b"nothing"),
    "no module": lambda path: rewrite(path, "graph.json", changed(module=[{"kind": "output"}])),
    "unknown tag": lambda path: rewrite(path, "graph.json", changed(result={"riddle": 1})),
    "unknown type": lambda path: rewrite(path, "graph.json", changed(result={"type": "nowhere:Thing"})),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_bad_files_are_named(damage, path):
    samples.branch().save(path)
    DAMAGE[damage](path)
    with pytest.raises(LoadError) as caught:
        SymbolicGraph.load(path)
    text = str(caught.value)
    assert "remedy:" in text or "cannot be imported" in text
    if damage == "another version":
        assert "version 99" in text


def test_loading_runs_no_code_of_the_file(path):
    class Trap:
        def __reduce__(self):
            return print, ("trapped",)

    import io

    samples.branch().save(path)
    stream = io.BytesIO()
    torch.save({"tensor 0": Trap()}, stream)
    rewrite(path, "tensors.pt", stream.getvalue())
    with pytest.raises(LoadError, match="cannot be read"):
        SymbolicGraph.load(path)


def test_another_process_loads_it(path):
    graph = samples.nested()
    graph.save(path)
    code = (
        "import sys, torch; from diptych.graph.program import SymbolicGraph;"
        "print(SymbolicGraph.load(sys.argv[1])(torch.tensor([9.0, 1.0])).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(graph(torch.tensor([9.0, 1.0])).tolist())


def test_regions_are_separate_scopes(path):
    def build(b, x):
        pred = b.op(aten.item.default, b.op(aten.gt.Scalar, x, 0.0, spec=samples.b8()), spec=BOOL)
        inner = region([f32()], lambda b, x: (b.op(aten.neg.default, x, spec=f32()),))
        (first,) = b.cond(pred, inner, region([f32()], lambda b, x: (x,)), [x], [f32()])
        outer = b.op(aten.neg.default, first, spec=f32())
        return (b.op(aten.add.Tensor, outer, first, alpha=2, spec=f32()),)

    graph = program({"x": f32()}, build, Leaf(0))
    graph.save(path)
    assert SymbolicGraph.load(path)(torch.tensor(3.0)).item() == -3.0
