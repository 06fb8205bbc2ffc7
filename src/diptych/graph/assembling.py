"""A graph as a module."""

from __future__ import annotations

from typing import Any

from torch import fx
from torch.fx._lazy_graph_module import _LazyGraphModule


def assembled(members: Any, graph: fx.Graph) -> fx.GraphModule:
    """A module of a graph, with what the graph reads from `members` (a module, or an object with such attributes).

    Its Python code is made when it is first called or read: most graphs are only gone through node by node.
    """
    return _LazyGraphModule(members, graph)
