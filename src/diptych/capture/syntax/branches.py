"""`if`, conditional expressions, `assert` and `raise`."""

from __future__ import annotations

import ast

from diptych.capture.syntax.build import FRAME, hook, load, names, place
from diptych.capture.syntax.transform import Transformer, lowers


@lowers(ast.If)
def lower_if(t: Transformer, node: ast.If) -> list[ast.stmt]:
    """`if test: A else: B`  ->  `if_(test, A, B, ...)`."""
    if t.generator:
        return [ast.If(hook("plain_truth", test(t, node.test)), t.block(node.body), t.block(node.orelse))]
    condition = test(t, node.test)
    then, made_then = t.helper("then", t.block(node.body))
    orelse, made_else = t.helper("else", t.block(node.orelse))
    live = names(sorted(t.liveness.live_after(node) | (t.liveness.captured & set(t.locals))))
    call = hook("if_", condition, load(then), load(orelse), load(FRAME), live)
    return [*place([made_then, made_else], node), ast.Expr(call)]


@lowers(ast.IfExp)
def lower_conditional_expression(t: Transformer, node: ast.IfExp) -> ast.expr:
    """`a if test else b`  ->  `choose(test, lambda: a, lambda: b)`."""
    return hook("choose", test(t, node.test), t.lazily(node.body), t.lazily(node.orelse))


@lowers(ast.Assert)
def lower_assert(t: Transformer, node: ast.Assert) -> list[ast.stmt]:
    """`assert test, message`  ->  `if not test: raise AssertionError(message)`, message evaluated only then."""
    message = [t.lazily(node.msg)] if node.msg else []
    return [ast.Expr(hook("assert_", test(t, node.test), *message))]


@lowers(ast.Raise)
def lower_raise(t: Transformer, node: ast.Raise) -> list[ast.stmt]:
    """`raise error from cause`  ->  `raise_(error, cause)`; in a generator Python's own."""
    if t.generator:
        return [t.generic(node)]
    if node.exc is None:
        return [ast.Expr(hook("reraise"))]
    cause = [t.expression(node.cause)] if node.cause else []
    return [ast.Expr(hook("raise_", t.expression(node.exc), *cause))]


class Lowered(ast.expr):
    """An expression that is lowered already."""

    _fields = ("value",)
    _attributes = ("lineno", "col_offset", "end_lineno", "end_col_offset")

    def __init__(self, value: ast.expr) -> None:
        super().__init__()
        self.value = value


@lowers(Lowered)
def lower_lowered(t: Transformer, node: Lowered) -> ast.expr:
    """Nothing left to do."""
    return node.value


def test(t: Transformer, node: ast.expr) -> ast.expr:
    """An expression of which only the truth matters: `and`, `or`, `not` need not give their operands back."""
    if isinstance(node, ast.BoolOp):
        name = "all_true" if isinstance(node.op, ast.And) else "any_true"
        return hook(name, test(t, node.values[0]), *(lazy_test(t, value) for value in node.values[1:]))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return hook("not_", test(t, node.operand))
    return t.expression(node)


def lazy_test(t: Transformer, node: ast.expr) -> ast.expr:
    """A function that evaluates a test."""
    return t.lazily(Lowered(ast.copy_location(test(t, node), node)))
