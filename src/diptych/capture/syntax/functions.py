"""Nested functions, lambdas and comprehensions: functions in functions, transformed like any other."""

from __future__ import annotations

import ast

from diptych.capture.syntax.build import definition, hook, load, no_arguments, place
from diptych.capture.syntax.transform import Transformer, lowers, own_nodes

EAGER = {"sum", "any", "all", "list", "tuple", "set", "max", "min", "sorted", "dict", "stack", "cat", "frozenset"}
"""Callees that use up a generator expression at once: it is evaluated like a list."""


@lowers(ast.FunctionDef)
def lower_function(t: Transformer, node: ast.FunctionDef) -> list[ast.stmt]:
    """A nested function, with its decorators and defaults evaluated here."""
    decorators = [t.expression(d) for d in node.decorator_list]
    made = Transformer(defaults(t, node), t).whole()
    made.decorator_list = decorators
    return [made]


def defaults(t: Transformer, node: ast.FunctionDef) -> ast.FunctionDef:
    """The function with its parameters' defaults lowered in the scope around it."""
    node.args.defaults = [t.expression(d) for d in node.args.defaults]
    node.args.kw_defaults = [d and t.expression(d) for d in node.args.kw_defaults]
    return node


@lowers(ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
def lower_nothing(t: Transformer, node: ast.stmt) -> list[ast.stmt]:
    """Left to Python; declarations are repeated where the variables are bound."""
    return [ast.Pass()] if isinstance(node, ast.Global | ast.Nonlocal) else [node]


@lowers(ast.Lambda)
def lower_lambda(t: Transformer, node: ast.Lambda) -> ast.expr:
    """`lambda ...: value`  ->  a nested function in front of the statement."""
    return define(t, "lambda", node.args, [ast.Return(node.body)], node)


def define(t: Transformer, what: str, args: ast.arguments, body: list[ast.stmt], at: ast.AST) -> ast.expr:
    """Put a nested function in front of the statement; the expression is its name."""
    tree = definition(t.fresh(what), args, place(body, at))
    ast.copy_location(tree, at)
    ast.fix_missing_locations(tree)
    t.pending.append(Transformer(defaults(t, tree), t).whole())
    return load(tree.name)


@lowers(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
def lower_comprehension(t: Transformer, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.expr:
    """A comprehension is a nested function with explicit loops over its first iterable."""
    first = "__diptych_first"
    result = "__diptych_made"
    match node:
        case ast.DictComp(key, value):
            empty: ast.expr = ast.Dict([], [])
            inner: ast.stmt = ast.Assign([ast.Subscript(load(result), key, ast.Store())], value)
        case ast.SetComp(element):
            empty = ast.Call(load("set"), [], [])
            inner = _method(result, "add", element)
        case ast.ListComp(element):
            empty, inner = ast.List([], ast.Load()), _method(result, "append", element)
        case ast.GeneratorExp(element):
            empty, inner = ast.Constant(None), ast.Expr(ast.Yield(element))
    body: list[ast.stmt] = [inner]
    for index, part in reversed(list(enumerate(node.generators))):
        for condition in reversed(part.ifs):
            body = [ast.If(condition, body, [])]
        items = load(first) if index == 0 else part.iter
        body = [ast.For(part.target, items, body, [])]
    walrus = {n.target.id for n in own_nodes(node) if isinstance(n, ast.NamedExpr)}
    head: list[ast.stmt] = [ast.Nonlocal(sorted(walrus))] if walrus else []
    if isinstance(node, ast.GeneratorExp):
        body = [*head, *body]
    else:
        body = [*head, ast.Assign([ast.Name(result, ast.Store())], empty), *body, ast.Return(load(result))]
    args = no_arguments()
    args.args = [ast.arg(first)]
    items = t.expression(node.generators[0].iter)
    made = define(t, "comprehension", args, body, node)
    return hook("call", made, hook("iterable", items))


def _method(owner: str, name: str, value: ast.expr) -> ast.stmt:
    return ast.Expr(ast.Call(ast.Attribute(load(owner), name, ast.Load()), [value], []))


def as_list(node: ast.Call) -> ast.Call:
    """`sum(x for ...)`: the generator is used up at once, so a list gives the same."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in EAGER and node.args and isinstance(node.args[0], ast.GeneratorExp):
        only = node.args[0]
        node.args[0] = ast.copy_location(ast.ListComp(only.elt, only.generators), only)
    return node
