"""Trees for JAX: it compiles for one shape, so the nodes of a batch stand in a table of fixed length, children first.

A batch is read node by node by `lax.scan`, all trees side by side; filling the table is part of the step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Tree = tuple[Any, ...]
"""(label, word) or (label, left, right)."""
WORD, LEFT, RIGHT = range(3)


def table(trees: list[Tree], leaves: int) -> tuple[Any, Any, Any]:
    """Nodes int32 [2 * leaves - 1, trees, 3], roots and labels int32 [trees].

    A word of -1 is a phrase of two; children are row numbers in the table.
    """
    nodes = np.zeros((2 * leaves - 1, len(trees), 3), np.int32)
    roots = np.zeros(len(trees), np.int32)
    for column, tree in enumerate(trees):
        roots[column] = fill(nodes[:, column], tree, 0) - 1
    return nodes, roots, np.array([tree[0] for tree in trees], np.int32)


def fill(rows: Any, tree: Tree, begin: int) -> int:
    """Write a tree from row `begin` on; the row after it."""
    if len(tree) == 2:
        rows[begin] = (tree[1], 0, 0)
        return begin + 1
    middle = fill(rows, tree[1], begin)
    end = fill(rows, tree[2], middle)
    rows[end] = (-1, middle - 1, end - 1)
    return end + 1
