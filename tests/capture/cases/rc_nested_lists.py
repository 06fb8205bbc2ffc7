"""Recursion over nested lists and dicts with tensor leaves, a decision at each leaf."""
import torch
EXPECT = "graph"

def shrink(tree, limit):
    if isinstance(tree, dict):
        return {k: shrink(v, limit) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(shrink(v, limit) for v in tree)
    if torch.is_tensor(tree):
        n = tree.norm()
        return tree * (limit / n) if n > limit else tree
    return tree

def make():
    def tree(s):
        return {"w": torch.ones(2) * s, "bs": [torch.ones(3), (torch.tensor(0.1), 4)], "name": "layer"}
    return shrink, [(tree(0.1), 1.0), (tree(3.0), 1.0), (tree(0.5), 1.0)]
