"""Calls, attribute and item reads, operators whose meaning may depend on a tensor, and names from outside."""

from __future__ import annotations

import ast

from diptych.capture.syntax.appending import appended_to, appends, container
from diptych.capture.syntax.assignment import hook_globals
from diptych.capture.syntax.build import hook, load, no_arguments, thunk
from diptych.capture.syntax.functions import as_list
from diptych.capture.syntax.spreading import spread
from diptych.capture.syntax.transform import Transformer, lowers

NATIVE = {"locals", "vars", "dir", "eval", "exec"}
"""Built-ins that look at the frame of their caller."""


@lowers(ast.Call)
def lower_call(t: Transformer, node: ast.Call) -> ast.expr:
    """`f(...)`  ->  `call(f, ...)`; zero-argument `super()` gets the arguments it would have found."""
    node = as_list(node)
    args = [t.expression(arg) for arg in node.args]
    keywords = [ast.keyword(k.arg, t.expression(k.value)) for k in node.keywords]
    if isinstance(node.func, ast.Name) and not t.knows(node.func.id):
        name = node.func.id
        if name == "super" and not node.args:
            return ast.Call(load("super"), [load("__class__"), load(first_parameter(t))], [])
        if name == "globals":
            return hook_globals()
        if name in NATIVE and not (name in ("vars", "dir") and node.args):
            return hook("frame_builtin", ast.Constant(name))
    if isinstance(node.func, ast.Attribute) and appends(t, node):
        return hook("append_to", appended_to(t, node.func.value), *args)
    return spread(t, hook("call", t.expression(node.func), *args, keywords=keywords))


def first_parameter(t: Transformer) -> str:
    """The first parameter of the method that `super()` stands in."""
    while t.outer is not None and not t.parameters:
        t = t.outer
    return t.parameters[0]


@lowers(ast.Attribute)
def lower_attribute(t: Transformer, node: ast.Attribute) -> ast.expr:
    """`a.b`  ->  `getattr(a, "b")`."""
    return hook("getattr", t.expression(node.value), ast.Constant(node.attr))


@lowers(ast.Subscript)
def lower_subscript(t: Transformer, node: ast.Subscript) -> ast.expr:
    """`a[i]`  ->  `getitem(a, i)`."""
    return hook("getitem", container(t, node), t.expression(node.slice))


@lowers(ast.Slice)
def lower_slice(t: Transformer, node: ast.Slice) -> ast.expr:
    """`a:b:c`  ->  `slice(a, b, c)`."""
    parts = [t.expression(p) if p else ast.Constant(None) for p in (node.lower, node.upper, node.step)]
    return hook("slice", *parts)


@lowers(ast.Name)
def lower_name(t: Transformer, node: ast.Name) -> ast.expr:
    """A variable of the function stays, unless it may have no value; others are read through hooks."""
    if not isinstance(node.ctx, ast.Load) or node.id.startswith("__diptych_"):
        return node
    if t.knows(node.id) or node.id == "__class__":
        if not t.maybe_unbound(node.id):
            return node
        return hook("load_local", thunk(node), ast.Constant(node.id if node.id in t.locals else ""))
    if node.id in free_names(t):
        return hook("load_cell", ast.Lambda(no_arguments(), load(node.id)), ast.Constant(node.id))
    return hook("load_global", hook_globals(), ast.Constant(node.id))


def free_names(t: Transformer) -> frozenset[str]:
    """The free variables of the outermost function that is being transformed."""
    while t.outer is not None:
        t = t.outer
    return t.free


@lowers(ast.BoolOp)
def lower_boolean(t: Transformer, node: ast.BoolOp) -> ast.expr:
    """`a and b` gives the operand that decided, and does not evaluate the others."""
    name = "and_" if isinstance(node.op, ast.And) else "or_"
    return hook(name, t.expression(node.values[0]), *(t.lazily(value) for value in node.values[1:]))


@lowers(ast.UnaryOp)
def lower_unary(t: Transformer, node: ast.UnaryOp) -> ast.expr:
    """`not a`, `-a`."""
    if isinstance(node.op, ast.Not):
        return hook("not_", t.expression(node.operand))
    if isinstance(node.operand, ast.Constant):
        return node
    return hook("unary", ast.Constant(type(node.op).__name__), t.expression(node.operand))


@lowers(ast.BinOp)
def lower_binary(t: Transformer, node: ast.BinOp) -> ast.expr:
    """`a + b`  ->  `binary("Add", a, b)`."""
    return hook("binary", ast.Constant(type(node.op).__name__), t.expression(node.left), t.expression(node.right))


@lowers(ast.Compare)
def lower_compare(t: Transformer, node: ast.Compare) -> ast.expr:
    """`a < b < c` is `a < b and b < c` with `b` evaluated once; `is` and `in` go through hooks."""
    operators = [ast.Constant(type(op).__name__) for op in node.ops]
    operands = [t.expression(node.left), t.expression(node.comparators[0])]
    operands += [t.lazily(c) for c in node.comparators[1:]]
    return hook("compare", ast.Tuple(list(operators), ast.Load()), *operands)


@lowers(ast.JoinedStr)
def lower_formatted_string(t: Transformer, node: ast.JoinedStr) -> ast.expr:
    """An f-string: its parts in order, joined by a hook."""
    return hook("join_text", *(t.expression(part) for part in node.values))


@lowers(ast.FormattedValue)
def lower_formatted_value(t: Transformer, node: ast.FormattedValue) -> ast.expr:
    """`{value!r:spec}`."""
    spec = t.expression(node.format_spec) if node.format_spec else ast.Constant("")
    return hook("format", t.expression(node.value), ast.Constant(node.conversion), spec)


@lowers(ast.List, ast.Dict, ast.Set)
def lower_display(t: Transformer, node: ast.List | ast.Dict | ast.Set) -> ast.expr:
    """`[...]`: a container that comes into being here."""
    if isinstance(node, ast.List) and not isinstance(node.ctx, ast.Load):
        return node
    return hook("fresh_container", spread(t, t.generic(node)))


@lowers(ast.Tuple)
def lower_tuple(t: Transformer, node: ast.Tuple) -> ast.expr:
    """`(a, *b)`."""
    return spread(t, t.generic(node)) if isinstance(node.ctx, ast.Load) else t.generic(node)


@lowers(ast.Starred)
def lower_starred(t: Transformer, node: ast.Starred) -> ast.expr:
    """`*items`: iterated through a hook."""
    if isinstance(node.ctx, ast.Store):
        return node
    return ast.Starred(hook("iterate", t.expression(node.value)), ast.Load())
