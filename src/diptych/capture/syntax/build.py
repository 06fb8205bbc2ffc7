"""Small constructors for syntax trees, so that the constructs' files read like the code they write."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

INTERPRETER = "__diptych__"
"""The free variable of a transformed function that holds the hooks."""

FRAME = "__diptych_frame__"
"""The variable that holds the cells of a transformed function's own variables."""

PLACED = "__diptych_placed__"
"""The attribute of a tree all of whose nodes have their positions; such a tree is not changed any more."""


def load(name: str) -> ast.Name:
    """`name`, read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """`name`, written."""
    return ast.Name(name, ast.Store())


def hook(name: str, *args: ast.expr, keywords: Sequence[ast.keyword] = ()) -> ast.Call:
    """A call of the hook `name`."""
    return ast.Call(ast.Attribute(load(INTERPRETER), name, ast.Load()), list(args), list(keywords))


def thunk(value: ast.expr) -> ast.Lambda:
    """`lambda: value`."""
    return ast.Lambda(no_arguments(), value)


def no_arguments() -> ast.arguments:
    """An empty parameter list."""
    return ast.arguments(posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[])


def names(items: Iterable[str]) -> ast.Tuple:
    """A tuple of string constants."""
    return ast.Tuple([ast.Constant(item) for item in items], ast.Load())


def function(name: str, parameters: Sequence[str], body: list[ast.stmt], nonlocals: Sequence[str]) -> ast.FunctionDef:
    """`def name(*parameters): nonlocal ...; body`."""
    args = no_arguments()
    args.args = [ast.arg(parameter) for parameter in parameters]
    head: list[ast.stmt] = [ast.Nonlocal(list(nonlocals))] if nonlocals else []
    return definition(name, args, head + (body or [ast.Pass()]))


def definition(name: str, args: ast.arguments, body: list[ast.stmt], like: ast.FunctionDef | None = None) -> Any:
    """`def name(args): body`, with the decorators, annotation and type parameters (Python 3.12) of `like`."""
    decorators, returns = ([], None) if like is None else (like.decorator_list, like.returns)
    made: Any = ast.FunctionDef(name, args, body, decorators, returns, None)
    made.type_params = list(getattr(like, "type_params", []))
    return made


def locate(node: Any, at: ast.AST) -> None:
    """Put a node where `at` begins (a call through an attribute counts as standing where the attribute ends)."""
    ast.copy_location(node, at)
    if hasattr(node, "lineno") and (isinstance(at, ast.stmt) or isinstance(node, ast.Attribute)):
        node.end_lineno = node.lineno
        node.end_col_offset = node.col_offset + 1


def locate_all(root: Any, at: ast.AST) -> None:
    """Give every node of a tree that has no position yet the position of `at`.

    Trees inside of it for which that was done are passed over: each node is met once, however deep it stands.
    """
    todo: list[Any] = [root]
    while todo:
        node = todo.pop()
        if PLACED in node.__dict__:
            continue
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            locate(node, at)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                todo.append(value)
            elif isinstance(value, list):
                todo += [part for part in value if isinstance(part, ast.AST)]
    setattr(root, PLACED, True)


def place(made: Sequence[ast.stmt], at: ast.AST) -> list[ast.stmt]:
    """Give every node of `made` that has no position yet the position of `at`."""
    for statement in made:
        locate_all(statement, at)
    return list(made)
