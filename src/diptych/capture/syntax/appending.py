"""Lists that are only appended to, and dicts that hold such lists: read in a way that does not look at the rest."""

from __future__ import annotations

import ast

from diptych.capture.syntax.build import hook, thunk
from diptych.capture.syntax.transform import Transformer


def appends(t: Transformer, node: ast.Call) -> bool:
    """Whether a call may append to a list that stands outside: `self.losses.append(x)`."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="append"), args=[item], keywords=[]):
            return not isinstance(item, ast.Starred) and stands_outside(t, owner)
        case _:
            return False


def stands_outside(t: Transformer, owner: ast.expr) -> bool:
    """Whether a container may be one that stands outside: `self.losses`, `history["loss"]` of a global."""
    if isinstance(owner, ast.Subscript) and not isinstance(owner.slice, ast.Slice):
        return stands_outside(t, owner.value)
    return isinstance(owner, ast.Attribute) or (isinstance(owner, ast.Name) and not t.knows(owner.id))


def container(t: Transformer, node: ast.Subscript) -> ast.expr:
    """What `node` is an item of: a dict is read for the one entry, if its key is written out."""
    entry = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    return appended_to(t, node.value) if entry and stands_outside(t, node.value) else t.expression(node.value)


def appended_to(t: Transformer, owner: ast.expr) -> ast.expr:
    """What is appended to, read as such."""
    if isinstance(owner, ast.Attribute):
        return hook("attribute_appended_to", t.expression(owner.value), ast.Constant(owner.attr))
    if isinstance(owner, ast.Subscript):
        return hook("item_appended_to", appended_to(t, owner.value), t.expression(owner.slice))
    return hook("name_appended_to", thunk(t.expression(owner)))
