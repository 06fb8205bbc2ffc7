"""A product of matrices to which something is added is one step: `x @ w + b` becomes `addmm`.

The sum is begun with what is added instead of with zero, so the last bits may differ. That pays where the sum lies in
memory anyway, because it is a result or a factor of another product; a sum that only goes on element by element is part
of the loop that follows (begun by the product, it took 1.00 to 1.05 times as long in cells written out by hand).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.passes.facts import inside

aten = torch.ops.aten
Parts = tuple[fx.Node, fx.Node]
PRODUCTS = (aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default)


def linear(module: fx.GraphModule) -> int:
    """Write sums of products as `addmm`; how many."""
    made = 0
    for node in reversed(list(module.graph.nodes)):
        made += sum(linear(inner) for inner in walk.regions(node))
        found = parts(node)
        if found is not None:
            product, added = found
            with module.graph.inserting_before(node):
                whole = module.graph.call_function(aten.addmm.default, (added, *product.args))
            whole.meta = dict(node.meta)
            node.replace_all_uses_with(whole)
            module.graph.erase_node(node)
            module.graph.erase_node(product)
            made += 1
    return made


def separate(module: fx.GraphModule) -> list[fx.Node]:
    """No product that one sum alone uses is left beside that sum, if the sum lies in memory."""
    return [node for part in inside(module) for node in part.graph.nodes if parts(node) is not None]


def parts(node: fx.Node) -> Parts | None:
    """The product and what is added to it, if a step is such a sum, and lies in memory."""
    if node.target is not aten.add.Tensor or node.kwargs or len(node.args) != 2:
        return None
    if not any(user.op == "output" or user.target in PRODUCTS for user in node.users):
        return None
    one, other = node.args
    for product, added in ((one, other), (other, one)):
        if fits(node, product, added):
            assert isinstance(product, fx.Node)
            assert isinstance(added, fx.Node)
            return product, added
    return None


def fits(node: fx.Node, product: Any, added: Any) -> bool:
    """Whether a sum can be the beginning of a product that nobody else uses."""
    if not isinstance(product, fx.Node) or not isinstance(added, fx.Node) or product is added:
        return False
    if product.target is not aten.mm.default or set(product.users) != {node}:
        return False
    whole, made, start = (each.meta.get("val") for each in (node, product, added))
    if not (isinstance(whole, torch.Tensor) and isinstance(made, torch.Tensor) and isinstance(start, torch.Tensor)):
        return False
    alike = whole.dtype == made.dtype == start.dtype and whole.dtype.is_floating_point
    return alike and whole.shape == made.shape and 1 <= start.dim() <= 2
