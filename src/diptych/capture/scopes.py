"""Which names a scope binds, declares, and takes from around it, by Python's scoping rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
SCOPES = FUNCTIONS | ast.ClassDef | COMPREHENSIONS


def parameters(args: ast.arguments) -> tuple[str, ...]:
    """The names of all parameters, in the order of the signature."""
    star = [args.vararg] if args.vararg else []
    last = [args.kwarg] if args.kwarg else []
    return tuple(arg.arg for arg in [*args.posonlyargs, *args.args, *star, *args.kwonlyargs, *last])


def declared(tree: ast.AST) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that a function or class declares `global`, and those that it declares `nonlocal`."""
    found: dict[type, dict[str, None]] = {ast.Global: {}, ast.Nonlocal: {}}
    for node in _own_nodes(tree):
        if isinstance(node, ast.Global | ast.Nonlocal):
            found[type(node)] |= dict.fromkeys(node.names)
    return tuple(found[ast.Global]), tuple(found[ast.Nonlocal])


def bindings(nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """The names that `nodes` bind or delete in the scope where they stand, in the order of the text.

    A bare annotation `x: int` binds nothing at run time but makes `x` a name of the scope, so it counts.
    """
    return tuple(dict.fromkeys(name for node in nodes for name in _bindings(node)))


def _bindings(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchAs(name=name) | ast.MatchMapping(rest=name):
            for child in ast.iter_child_nodes(node):
                yield from _bindings(child)
            yield from [name] if name else []
            return
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.split(".")[0] for alias in aliases if alias.name != "*")
        case _:
            pass
    if isinstance(node, COMPREHENSIONS):
        yield from _walrus_targets(node)
        return
    for child in outside(node) if isinstance(node, SCOPES) else ast.iter_child_nodes(node):
        yield from _bindings(child)


def _walrus_targets(node: ast.AST) -> Iterator[str]:
    """The names bound by `:=` inside a comprehension: they belong to the scope around it."""
    if isinstance(node, ast.NamedExpr):
        yield node.target.id
    if not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _walrus_targets(child)


def outside(scope: ast.AST) -> list[ast.AST]:
    """The parts of a scope's text that run in the scope around it, in the order in which they run."""
    match scope:
        case ast.Lambda(args=args):
            return _defaults(args)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            notes = [arg.annotation for arg in ast.walk(scope.args) if isinstance(arg, ast.arg) and arg.annotation]
            result = [scope.returns] if scope.returns else []
            return [*scope.decorator_list, *_defaults(scope.args), *notes, *result]
        case ast.ClassDef():
            return [*scope.decorator_list, *scope.bases, *scope.keywords]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return [scope.generators[0].iter]
        case _:
            raise TypeError(f"a {type(scope).__name__} opens no scope")


def _defaults(args: ast.arguments) -> list[ast.AST]:
    return [*args.defaults, *(value for value in args.kw_defaults if value)]


def inside(scope: ast.AST) -> list[ast.AST]:
    """The parts of a scope's text that run in the scope itself."""
    match scope:
        case ast.Lambda(body=body):
            return [body]
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body) | ast.ClassDef(body=body):
            return list(body)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            result = [scope.key, scope.value] if isinstance(scope, ast.DictComp) else [scope.elt]
            first, *others = scope.generators
            return [first.target, *first.ifs, *others, *result]
        case _:
            raise TypeError(f"a {type(scope).__name__} opens no scope")


def free(scope: ast.AST) -> frozenset[str]:
    """The names that the inside of `scope` reads or writes and does not own; globals and built-ins among them."""
    own_globals, nonlocals = declared(scope)
    used = frozenset[str]().union(*(_used(part) for part in inside(scope)))
    if isinstance(scope, FUNCTIONS):
        own = {*parameters(scope.args), *bindings(inside(scope))}
    elif isinstance(scope, ast.ClassDef):
        methods = frozenset[str]().union(*(_used_by_functions(part) for part in scope.body))
        return (used - {*bindings(scope.body), *own_globals}) | methods | set(nonlocals)
    else:
        targets = [generator.target for generator in scope.generators] if isinstance(scope, COMPREHENSIONS) else []
        own = set(bindings(targets))
    return (used - own - set(own_globals)) | set(nonlocals)


def captured(node: ast.AST) -> frozenset[str]:
    """The names of this scope that code inside `node` may use later: in functions, generators and classes."""
    if not isinstance(node, SCOPES):
        return frozenset[str]().union(*map(captured, ast.iter_child_nodes(node)))
    around = frozenset[str]().union(*map(captured, outside(node)))
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        own = bindings([generator.target for generator in node.generators])
        return around | (frozenset[str]().union(*map(captured, inside(node))) - set(own))
    return around | free(node)


def _used(node: ast.AST) -> frozenset[str]:
    """The names that `node` reads or writes in the scope where it stands."""
    if isinstance(node, ast.Name):
        return frozenset({node.id})
    if isinstance(node, SCOPES):
        return frozenset[str]().union(free(node), *map(_used, outside(node)))
    return frozenset[str]().union(*map(_used, ast.iter_child_nodes(node)))


def _used_by_functions(node: ast.AST) -> frozenset[str]:
    """The names that functions in a class body take from around the class: the class's own names are hidden."""
    if isinstance(node, SCOPES):
        return frozenset[str]().union(free(node), *map(_used_by_functions, outside(node)))
    return frozenset[str]().union(*map(_used_by_functions, ast.iter_child_nodes(node)))


def _own_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes inside a scope that stand in no inner scope."""
    stack: list[ast.AST] = list(inside(tree))[::-1]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES):
            stack += list(ast.iter_child_nodes(node))[::-1]
