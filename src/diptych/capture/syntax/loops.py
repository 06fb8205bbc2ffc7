"""`while`, `for`, and the exits `break`, `continue`, `return`."""

from __future__ import annotations

import ast

from diptych.capture.syntax.assignment import assign
from diptych.capture.syntax.branches import test
from diptych.capture.syntax.build import FRAME, hook, load, names, place
from diptych.capture.syntax.transform import Transformer, lowers


@lowers(ast.While)
def lower_while(t: Transformer, node: ast.While) -> list[ast.stmt]:
    """`while test: A else: B`  ->  `while_(test, A, B, ...)`."""
    if t.generator:
        return [ast.While(hook("plain_truth", test(t, node.test)), t.block(node.body), t.block(node.orelse))]
    saved, t.pending = t.pending, []
    condition = test(t, node.test)
    body = [*t.pending, ast.Return(condition)]
    t.pending = saved
    tested, made_test = t.helper("test", place(body, node.test))
    return _loop(t, node, "while_", [load(tested)], [made_test])


@lowers(ast.For)
def lower_for(t: Transformer, node: ast.For) -> list[ast.stmt]:
    """`for target in items: A else: B`  ->  `for_(items, assign, A, B, ...)`."""
    items = t.expression(node.iter)
    if t.generator:
        value = t.fresh("item")
        bind = assign(t, node.target, load(value))
        target = ast.Name(value, ast.Store())
        made = ast.For(target, hook("iterate", items), [*bind, *t.block(node.body)], t.block(node.orelse))
        return [made]
    value = t.fresh("item")
    target, made_target = t.helper("target", place(assign(t, node.target, load(value)), node.target), (value,))
    return _loop(t, node, "for_", [items, load(target)], [made_target])


def _loop(
    t: Transformer, node: ast.For | ast.While, name: str, head: list[ast.expr], made: list[ast.stmt]
) -> list[ast.stmt]:
    body, made_body = t.helper("loop", t.block(node.body))
    orelse: ast.expr = ast.Constant(None)
    if node.orelse:
        else_name, made_else = t.helper("else", t.block(node.orelse))
        orelse = load(else_name)
        made = [*made, made_else]
    inner = t.liveness.captured & set(t.locals)
    at_head = names(sorted(t.liveness.live_at_loop_head(node) | inner))
    after = names(sorted(t.liveness.live_after(node) | inner))
    call = hook(name, *head, load(body), orelse, load(FRAME), at_head, after)
    return [*place([*made, made_body], node), ast.Expr(call)]


@lowers(ast.Break)
def lower_break(t: Transformer, node: ast.Break) -> list[ast.stmt]:
    """`break` ends the loop's body with a completion that says so."""
    return [node] if t.generator else [ast.Return(hook_constant("BREAK"))]


@lowers(ast.Continue)
def lower_continue(t: Transformer, node: ast.Continue) -> list[ast.stmt]:
    """`continue` likewise."""
    return [node] if t.generator else [ast.Return(hook_constant("CONTINUE"))]


@lowers(ast.Return)
def lower_return(t: Transformer, node: ast.Return) -> list[ast.stmt]:
    """`return value`  ->  a completion that carries the value."""
    value = t.expression(node.value) if node.value else ast.Constant(None)
    return [ast.Return(value)] if t.generator else [ast.Return(hook("returning", value))]


def hook_constant(name: str) -> ast.expr:
    """A constant of the hooks."""
    return ast.Attribute(load("__diptych__"), name, ast.Load())
