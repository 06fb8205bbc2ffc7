"""`try` and `with`: Python's own statements around helper functions; exits pass through them as completions."""

from __future__ import annotations

import ast

from diptych.capture.syntax.assignment import assign
from diptych.capture.syntax.build import FRAME, hook, load, no_arguments, place, store
from diptych.capture.syntax.transform import Transformer, lowers


@lowers(ast.With)
def lower_with(t: Transformer, node: ast.With) -> list[ast.stmt]:
    """`with manager as target: body`."""
    item, *others = node.items
    if others:
        inner = ast.copy_location(ast.With(others, node.body), node)
        t.liveness.alias(inner, node)
        return lower_with(t, ast.copy_location(ast.With([item], [inner]), node))
    manager = hook("manager", t.expression(item.context_expr))
    value = t.fresh("t")
    bind = assign(t, item.optional_vars, load(value)) if item.optional_vars else []
    if t.generator:
        return [ast.With([ast.withitem(manager, store(value))], [*bind, *t.block(node.body)])]
    name, made = t.helper("with", t.block(node.body))
    done = t.fresh("done")
    run: ast.stmt = ast.Assign([store(done)], hook("within", load(name), load(FRAME)))
    inside = ast.With([ast.withitem(manager, store(value))], [*bind, run])
    begin: ast.stmt = ast.Assign([store(done)], ast.Constant(None))
    return [*place([made], node), begin, inside, ast.Expr(hook("after", load(done), load(FRAME)))]


@lowers(ast.Try)
def lower_try(t: Transformer, node: ast.Try) -> list[ast.stmt]:
    """`try: A except E as e: B else: C finally: D`."""
    if t.generator:
        return [t.generic(node)]
    made: list[ast.stmt] = []
    done = t.fresh("done")

    def run(what: str, body: list[ast.stmt], barrier: str, *more: ast.expr) -> ast.stmt:
        name, define = t.helper(what, t.block(body))
        made.append(define)
        return ast.Assign([store(done)], hook(barrier, load(name), load(FRAME), *more))

    marks = [ast.Constant(bool(node.handlers)), ast.Constant(bool(node.finalbody))]
    body = [run("try", node.body, "trying", *marks)]
    handlers = [ast.ExceptHandler(hook_attribute("Signal"), None, [ast.Raise(None, None)])] if node.handlers else []
    for handler in node.handlers:
        name = t.fresh("error")
        bind: list[ast.stmt] = []
        if handler.name:
            bind = [ast.Assign([store(handler.name)], hook("caught", load(name)))]
        helper, define = t.helper("except", [*bind, *t.block(handler.body)], (name,))
        made.append(define)
        caught = ast.Lambda(no_arguments(), ast.Call(load(helper), [load(f"{name}_")], []))
        result: ast.stmt = ast.Assign([store(done)], hook("barrier", caught, load(FRAME)))
        kind = t.expression(handler.type) if handler.type else None
        handlers.append(ast.ExceptHandler(kind or load("BaseException"), f"{name}_", [result]))
    orelse: list[ast.stmt] = []
    if node.orelse:
        passed = ast.Compare(load(done), [ast.Is()], [ast.Constant(None)])
        orelse = [ast.If(passed, [run("else", node.orelse, "barrier")], [])]
    final = [run("finally", node.finalbody, "finally_", load(done))] if node.finalbody else []
    begin: ast.stmt = ast.Assign([store(done)], ast.Constant(None))
    statement = ast.Try(body, handlers, orelse, final)
    return [*place(made, node), begin, statement, ast.Expr(hook("after", load(done), load(FRAME)))]


def hook_attribute(name: str) -> ast.expr:
    """A constant of the hooks."""
    return ast.Attribute(load("__diptych__"), name, ast.Load())
