"""Recursion over objects: one set of graphs for all structures, and the imperative results and gradients."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

import diptych
from diptych.backends.native.walker import quicken
from diptych.capture.structure import Structure
from diptych.hybrid import tiers
from tests.hybrid import trees
from tests.hybrid.trees import EACH_FOLDED, FOLDED, FOLLOWED, Node, TreeRNN, binary

GRAPHS = {"classes": 7, "child-sum": 4, "stacked": 4, "values": 4, "methods": 4}
"""At most so many graphs (else two, one of them for a leaf alone): the later ones know more kinds of nodes."""
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
"""Products of several rows at once differ from those of single rows in the last bits."""


def twins(name: str) -> tuple[torch.nn.Module, torch.nn.Module, Any]:
    """Two equal models and what makes structures for them."""
    model, structure = (FOLDED | FOLLOWED)[name]
    torch.manual_seed(0)
    one, other = model(), model()
    other.load_state_dict(one.state_dict())
    return one, other, structure


def train(model: torch.nn.Module, call: Any, structure: Any, seed: int) -> tuple[float, list[torch.Tensor]]:
    """The loss and the gradients for one structure."""
    model.zero_grad()
    torch.manual_seed(seed)
    loss = call(structure)
    loss.backward()
    return loss.item(), [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]


def check(name: str, calls: int, backend: str = "eager") -> Any:
    """Losses and gradients of many structures, imperative and hybridized; the hybridized model."""
    one, other, structure = twins(name)
    hybrid = diptych.hybridize(other, backend=backend)
    rng = random.Random(1)
    for seed in range(calls):
        tree = structure(rng)
        expected, gradients = train(one, one, tree, seed)
        found, others = train(other, hybrid, tree, seed)
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
        for a, b in zip(gradients, others, strict=True):
            torch.testing.assert_close(a, b, **TOLERANCE)
    return hybrid


def folds(hybrid: Any) -> bool:
    return any("fold[" in str(graph) for graph in hybrid.graphs)


@pytest.mark.parametrize("backend", ["eager", "native"])
@pytest.mark.parametrize("name", EACH_FOLDED)
def test_folded(name: str, backend: str) -> None:
    """A handful of graphs serve all structures."""
    hybrid = check(name, 16, backend)
    assert folds(hybrid)
    assert hybrid.stats.graphs <= GRAPHS.get(name, 2)
    assert hybrid.stats.imperative_calls <= 1
    if backend == "native":
        assert "not native" not in str(hybrid.report())


def test_native_gradients_are_none_where_no_node_is_of_a_kind() -> None:
    """A parameter of nodes with children gets no gradient from a leaf alone; second gradients are right, too."""
    one, other, _ = twins("binary")
    hybrid = diptych.hybridize(other, backend="native")
    rng = random.Random(4)
    hybrid(binary(rng, 4))
    for size in (4, 1, 3, 1, 6):
        tree = binary(rng, size)
        both = []
        for model, call in ((one, one), (other, hybrid)):
            model.zero_grad()
            call(tree).backward()
            both.append([p.grad for p in model.parameters()])
        assert [grad is None for grad in both[0]] == [grad is None for grad in both[1]]
        twice = []
        for model, call in ((one, one), (other, hybrid)):
            weight = model.embed.weight
            (first,) = torch.autograd.grad(call(tree), weight, create_graph=True)
            twice.append((first * first).sum())
        torch.testing.assert_close(*twice, **TOLERANCE)


@pytest.mark.parametrize("name", EACH_FOLDED)
def test_structures_are_read_alike_in_c(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk in C gives what the one in Python gives, for nodes that stand in several places, too."""
    read: list[Structure] = []
    monkeypatch.setattr(tiers, "quicken", read.append)
    check(name, 4, "native")
    structure = twins(name)[2]
    compared = 0
    for kinds in {id(r): r for r in read}.values():
        rng = random.Random(1)
        for _ in range(12):
            given = structure(rng)
            nodes = given if isinstance(given, list) else [given]
            kinds.walk = None
            expected = kinds.flat([*nodes, nodes[0]], [])
            quicken(kinds)
            assert kinds.walk is not None
            found = kinds.flat([*nodes, nodes[0]], [])
            assert (found is None) == (expected is None)
            for one, other in zip(found or (), expected or (), strict=True):
                assert (one.dtype, one.tolist()) == (other.dtype, other.tolist())
                compared += 1
        assert kinds.flat([object()], []) is None
    assert compared


@pytest.mark.parametrize("name", FOLLOWED)
def test_followed(name: str) -> None:
    """The results are right although no fold is possible; the report says why."""
    hybrid = check(name, 3)
    assert not folds(hybrid)
    if name != "depths":
        assert "encode, object by object: " in str(hybrid.report())


def test_a_structure_changes_between_calls() -> None:
    """The same root with other nodes below, other words, other classes, the same node twice, a cycle."""
    one, other, _ = twins("binary")
    hybrid = diptych.hybridize(other)
    rng = random.Random(2)
    root = binary(rng, 5)

    class Other(Node):
        pass

    def same() -> None:
        torch.testing.assert_close(hybrid(root), one(root), **TOLERANCE)

    same()
    root.left.word = (root.left.word + 1) % trees.WORDS
    same()
    root.right = binary(rng, 6)
    same()
    root.left = root.right
    same()
    root.left = Other(rng)
    same()
    root.left.word = 2**40
    with pytest.raises(IndexError) as expected:
        one(root)
    with pytest.raises(IndexError) as found:
        hybrid(root)
    assert str(found.value) == str(expected.value)
    root.left.word = 3
    root.left.left = root.left
    root.left.right = root.left
    with pytest.raises(RecursionError):
        hybrid(root)
    root.left.left = None
    same()


def test_numbers_of_nodes_are_exact() -> None:
    """Arithmetic on the numbers of nodes is Python's, in double precision and with integers of any size."""

    class Exact(TreeRNN):
        def encode(self, node: Any) -> Any:
            here = torch.tensor((node.word * 3 + 1) // 2 - node.weight / 3, dtype=torch.float64)
            return here if node.left is None else here + self.encode(node.left) + self.encode(node.right)

    model = Exact()
    hybrid = diptych.hybridize(model)
    rng = random.Random(3)
    for word in (1, 2, 16777217, -5, 2**31 - 1, 2**60 + 1, 2**70):
        tree = binary(rng, 4)
        tree.left.word = word
        assert torch.equal(hybrid(tree), model(tree))


def test_a_loop_changes_the_structure_while_it_is_read() -> None:
    """A program that writes to nodes before it recurs over them."""

    class Changing(TreeRNN):
        def forward(self, node: Any) -> torch.Tensor:
            before = self.encode(node)
            node.word = (node.word + 1) % trees.WORDS
            if node.left is not None:
                node.left, node.right = node.right, node.left
            return (before - 2 * self.encode(node)).sum()

    one, other = Changing(), Changing()
    other.load_state_dict(one.state_dict())
    hybrid = diptych.hybridize(other)
    for size in (4, 1, 3, 4):
        left, right = binary(random.Random(size), size), binary(random.Random(size), size)
        for _ in range(2):
            torch.testing.assert_close(hybrid(left), one(right), **TOLERANCE)
            assert left.word == right.word


def test_a_training_step_over_trees() -> None:
    """Forward, backward and the optimizer's step over mini-batches of trees of all shapes."""
    models = twins("child-sum")[:2]

    def step_of(model: torch.nn.Module) -> Any:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)

        def step(batch: Any) -> torch.Tensor:
            optimizer.zero_grad()
            loss = model(batch)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    imperative, hybrid = step_of(models[0]), diptych.hybridize(step_of(models[1]))
    rng = random.Random(4)
    for _ in range(10):
        batch = trees.several(rng)
        torch.testing.assert_close(hybrid(batch), imperative(batch), **TOLERANCE)
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert folds(hybrid)
    assert hybrid.stats.graphs <= 6
