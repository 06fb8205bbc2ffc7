"""Assignments: attributes, items, globals and outer variables are written through hooks; plain names stay plain."""

from __future__ import annotations

import ast

from diptych.capture.syntax.appending import container
from diptych.capture.syntax.build import FRAME, hook, load, store, thunk
from diptych.capture.syntax.transform import Transformer, lowers

BINARY: dict[type[ast.operator], str] = {}


@lowers(ast.Assign)
def lower_assign(t: Transformer, node: ast.Assign) -> list[ast.stmt]:
    """`a = b.c = value`: the value once, then the targets from left to right."""
    value = t.expression(node.value)
    if len(node.targets) == 1:
        return assign(t, node.targets[0], value)
    name = temporary(t)
    made: list[ast.stmt] = [ast.Assign([store(name)], value)]
    for target in node.targets:
        made += assign(t, target, load(name))
    return made


@lowers(ast.AnnAssign)
def lower_annotated(t: Transformer, node: ast.AnnAssign) -> list[ast.stmt]:
    """`a: T = value` is `a = value`; the annotation of a local variable is never evaluated."""
    return assign(t, node.target, t.expression(node.value)) if node.value else [ast.Pass()]


@lowers(ast.AugAssign)
def lower_augmented(t: Transformer, node: ast.AugAssign) -> list[ast.stmt]:
    """`target op= value`: the target's object and key are evaluated once, the operator is Python's in-place one."""
    operator = ast.Constant(type(node.op).__name__)
    target = node.target
    if isinstance(target, ast.Name):
        read = t.expression(ast.copy_location(load(target.id), target))
        return assign(t, target, hook("augment", operator, read, t.expression(node.value)))
    owner = temporary(t)
    read = container(t, target) if isinstance(target, ast.Subscript) else t.expression(target.value)
    made: list[ast.stmt] = [ast.Assign([store(owner)], read)]
    if isinstance(target, ast.Attribute):
        key: ast.expr = ast.Constant(target.attr)
        get, put = "getattr", "setattr"
    else:
        name = temporary(t)
        made.append(ast.Assign([store(name)], t.expression(target.slice)))
        key, get, put = load(name), "getitem", "setitem"
    changed = hook("augment", operator, hook(get, load(owner), key), t.expression(node.value))
    return [*made, ast.Expr(hook(put, load(owner), key, changed))]


@lowers(ast.Delete)
def lower_delete(t: Transformer, node: ast.Delete) -> list[ast.stmt]:
    """`del a.b`, `del a[i]` through hooks; `del name` stays."""
    made: list[ast.stmt] = []
    for target in node.targets:
        if isinstance(target, ast.Attribute):
            made.append(ast.Expr(hook("delattr", t.expression(target.value), ast.Constant(target.attr))))
        elif isinstance(target, ast.Subscript):
            made.append(ast.Expr(hook("delitem", t.expression(target.value), t.expression(target.slice))))
        else:
            made.append(ast.Delete([target]))
    return made


@lowers(ast.NamedExpr)
def lower_walrus(t: Transformer, node: ast.NamedExpr) -> ast.expr:
    """`(name := value)`: written through the frame, so that it also works inside a helper function."""
    if t.generator or node.target.id not in t.locals:
        return ast.NamedExpr(node.target, t.expression(node.value))
    return hook("put", load(FRAME), ast.Constant(node.target.id), t.expression(node.value))


def assign(t: Transformer, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
    """Statements that assign `value` (lowered already) to `target`."""
    match target:
        case ast.Name(name):
            if name in t.globals:
                return [ast.Expr(hook("set_global", hook_globals(), ast.Constant(name), value))]
            if name in t.nonlocals:
                touched = ast.Expr(hook("touch", thunk(load(name))))
                return [touched, ast.Assign([store(name)], value)]
            return [ast.Assign([store(name)], value)]
        case ast.Attribute(owner, name):
            return [ast.Expr(hook("setattr", t.expression(owner), ast.Constant(name), value))]
        case ast.Subscript(_, key):
            return [ast.Expr(hook("setitem", container(t, target), t.expression(key), value))]
        case ast.Tuple(parts) | ast.List(parts):
            return unpack(t, parts, value)
        case _:
            raise AssertionError(ast.dump(target))


def unpack(t: Transformer, parts: list[ast.expr], value: ast.expr) -> list[ast.stmt]:
    """Python's own unpacking into temporary names, which are then assigned one by one."""
    temporaries: list[str] = []
    targets: list[ast.expr] = []
    star = -1
    for index, part in enumerate(parts):
        name = temporary(t)
        temporaries.append(name)
        if isinstance(part, ast.Starred):
            star = index
        targets.append(store(name))
    unpacked = hook("unpack", value, ast.Constant(len(parts)), ast.Constant(star))
    made: list[ast.stmt] = [ast.Assign([ast.Tuple(targets, ast.Store())], unpacked)]
    for part, name in zip(parts, temporaries, strict=True):
        made += assign(t, part.value if isinstance(part, ast.Starred) else part, load(name))
    return made


def temporary(t: Transformer) -> str:
    """A variable of the innermost helper function (never shared, never live across a hook)."""
    return t.fresh("t")


def hook_globals() -> ast.expr:
    """The module's globals of the function that is being transformed."""
    return load("__diptych_globals__")
