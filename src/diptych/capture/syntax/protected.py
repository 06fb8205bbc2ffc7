"""`try` and `with`: their parts become helper functions; exits and exceptions pass through them as completions."""

from __future__ import annotations

import ast

from diptych.capture.syntax.assignment import assign
from diptych.capture.syntax.build import FRAME, hook, load, place, store
from diptych.capture.syntax.transform import Transformer, lowers


@lowers(ast.With)
def lower_with(t: Transformer, node: ast.With) -> list[ast.stmt]:
    """`with manager as target: body`."""
    item, *others = node.items
    if others:
        inner = ast.copy_location(ast.With(others, node.body), node)
        t.liveness.alias(inner, node)
        return lower_with(t, ast.copy_location(ast.With([item], [inner]), node))
    value = t.fresh("t")
    bind = assign(t, item.optional_vars, load(value)) if item.optional_vars else []
    if t.generator:
        manager = hook("manager", t.expression(item.context_expr))
        return [ast.With([ast.withitem(manager, store(value))], [*bind, *t.block(node.body)])]
    manager = t.expression(item.context_expr)
    target, bound = t.helper("target", bind, (value,))
    name, made = t.helper("with", t.block(node.body))
    return [*place([bound, made], node), ast.Expr(hook("with_", manager, load(target), load(name), load(FRAME)))]


@lowers(ast.Try)
def lower_try(t: Transformer, node: ast.Try) -> list[ast.stmt]:
    """`try: A except E as e: B else: C finally: D`  ->  `try_(A, ((E, B), ...), C, D, ...)`."""
    if t.generator:
        return [t.generic(node)]
    made: list[ast.stmt] = []

    def part(what: str, body: list[ast.stmt], *parameters: str) -> ast.expr:
        name, define = t.helper(what, body, parameters)
        made.append(define)
        return load(name)

    body = part("try", t.block(node.body))
    handlers: list[ast.expr] = []
    for handler in node.handlers:
        error = t.fresh("error")
        bind: list[ast.stmt] = []
        if handler.name:
            bind = [ast.Assign([store(handler.name)], hook("caught", load(error)))]
        kind: ast.expr = ast.Constant(None)
        if handler.type:
            name, define = t.closure("kind", handler.type)
            made.append(define)
            kind = load(name)
        handlers.append(ast.Tuple([kind, part("except", [*bind, *t.block(handler.body)], error)], ast.Load()))
    orelse = part("else", t.block(node.orelse)) if node.orelse else ast.Constant(None)
    final = part("finally", t.block(node.finalbody)) if node.finalbody else ast.Constant(None)
    call = hook("try_", body, ast.Tuple(handlers, ast.Load()), orelse, final, load(FRAME))
    return [*place(made, node), ast.Expr(call)]
