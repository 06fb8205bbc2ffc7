"""Folds give what recursion over the structures gives: values, first and second gradients."""

from __future__ import annotations

import pytest
import torch

from diptych.graph.fold import fold

TREES = [0, (0, 1), ((2, 0), (1, (0, 2))), (((0, 1), 2), 0)]


def leaf(x):
    return torch.tanh(x), torch.sigmoid(x)


def inner(h, c, right_h, right_c, weight):
    """The two children are told apart, and so are their two results."""
    total = torch.tanh(h @ weight - 2 * right_h)
    return total, total * c + 3 * right_c


def recursive(tree, x, weight):
    if isinstance(tree, int):
        return leaf(x[tree : tree + 1])
    return inner(*recursive(tree[0], x, weight), *recursive(tree[1], x, weight), weight)


def folded(trees, x, weight):
    levels, words, kids, seen = [], {}, {}, {}

    def depth(tree):
        return 0 if isinstance(tree, int) else 1 + max(map(depth, tree))

    def visit(tree, path):
        levels.append((depth(tree), path, tree))
        if not isinstance(tree, int):
            for side, child in enumerate(tree):
                visit(child, (*path, side))

    for root, tree in enumerate(trees):
        visit(tree, (root,))
    levels.sort(key=lambda entry: entry[0])
    for number, (level, path, tree) in enumerate(levels):
        seen[path] = number
        if level:
            kids[number] = [seen[*path, side] for side in (0, 1)]
        else:
            words[number] = tree
    counts = [[0, 0] for _ in range(1 + levels[-1][0])]
    for level, _, _ in levels:
        counts[level][level > 0] += 1
    places = tuple(torch.tensor([pair[side] for pair in kids.values()], dtype=torch.int64) for side in (0, 1))
    roots = torch.tensor([seen[root,] for root in range(len(trees))])
    data = x.index_select(0, torch.tensor(list(words.values())))
    return fold([leaf, inner], torch.tensor(counts), roots, ((data,), ()), ((), places), ((), (weight,)))


@pytest.mark.parametrize("trees", [TREES, TREES[:1], TREES[2:3], TREES[:1] * 3])
def test_fold_is_recursion(trees):
    torch.manual_seed(0)
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    expected = [torch.cat(parts) for parts in zip(*(recursive(tree, x, weight) for tree in trees), strict=True)]
    found = folded(trees, x, weight)
    torch.testing.assert_close(found, tuple(expected))
    results = []
    for h, c in (expected, found):
        (first,) = torch.autograd.grad((h * c).sum(), x, create_graph=True)
        results.append((first, *torch.autograd.grad(first.square().sum(), (x, weight), allow_unused=True)))
    torch.testing.assert_close(results[0][:2], results[1][:2])
    if any(not isinstance(tree, int) for tree in trees):
        torch.testing.assert_close(results[0][2], results[1][2])
