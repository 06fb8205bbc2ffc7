"""The walk over a function's syntax tree: each construct is lowered by the file that is registered for it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from diptych.capture.liveness import Liveness, analyse
from diptych.capture.syntax.build import FRAME, definition, function, hook, load, locate_all, names, place, store, thunk

Lowering = Callable[["Transformer", Any], Any]
LOWERINGS: dict[type[ast.AST], Lowering] = {}


def lowers(*kinds: type[ast.AST]) -> Callable[[Lowering], Lowering]:
    """Register the lowering of a kind of syntax: a statement becomes a list of statements, an expression one."""

    def register(lowering: Lowering) -> Lowering:
        for kind in kinds:
            LOWERINGS[kind] = lowering
        return lowering

    return register


class Transformer:
    """Rewrites one function (and, by transformers of their own, the functions nested in it)."""

    def __init__(
        self, tree: ast.FunctionDef, outer: Transformer | None = None, free: frozenset[str] = frozenset()
    ) -> None:
        self.tree = tree
        self.outer = outer
        self.free = free
        self.liveness: Liveness = analyse(tree)
        self.globals, self.nonlocals = (frozenset(part) for part in self.liveness.declared)
        self.parameters = parameter_names(tree.args)
        bound = dict.fromkeys([*self.parameters, *self.liveness.assigned(tree.body)])
        self.locals: tuple[str, ...] = tuple(n for n in bound if n not in self.globals and n not in self.nonlocals)
        self.generator = is_generator(tree)
        self.count = 0
        self.pending: list[ast.stmt] = []

    def fresh(self, what: str) -> str:
        """A name that no user's program has."""
        root = self
        while root.outer is not None:
            root = root.outer
        root.count += 1
        return f"__diptych_{what}_{root.count}"

    def knows(self, name: str) -> bool:
        """Whether `name` is a variable of this function or of one around it (else it is a global)."""
        if name in self.globals:
            return False
        return name in self.locals or name in self.nonlocals or (self.outer is not None and self.outer.knows(name))

    def maybe_unbound(self, name: str) -> bool:
        """Whether `name`, a variable of this function or of one around it, may have no value where it is read."""
        if name in self.locals or self.outer is None:
            return name in self.liveness.maybe_unbound
        return self.outer.maybe_unbound(name)

    def writable(self) -> tuple[str, ...]:
        """The variables that a helper function inside this one must declare `nonlocal`."""
        return (*self.locals, *sorted(self.nonlocals))

    def block(self, statements: list[ast.stmt], end: bool = True) -> list[ast.stmt]:
        """Lower a list of statements; where one leaves early, the rest becomes its continuation."""
        made: list[ast.stmt] = []
        for index, statement in enumerate(statements):
            rest = statements[index + 1 :]
            if not self.generator and leaves(statement):
                made += self.leaving(statement, rest)
                return made
            made += self.statement(statement)
        return made

    def leaving(self, node: ast.stmt, rest: list[ast.stmt]) -> list[ast.stmt]:
        """A statement with an exit inside: its completion is handed to the hooks together with the continuation."""
        if isinstance(node, ast.Return | ast.Break | ast.Continue):
            return self.statement(node)
        name = self.fresh("rest")
        body = self.block(rest)
        made: list[ast.stmt] = []
        following: ast.expr = thunk(ast.Constant(None))
        if body:
            made = place([function(name, [], body, self.writable())], node)
            following = load(name)
        *before, last = self.statement(node)
        assert isinstance(last, ast.Expr), ast.dump(last)
        assert isinstance(last.value, ast.Call), ast.dump(last)
        call = ast.Call(last.value.func, last.value.args, [*last.value.keywords, ast.keyword("rest", following)])
        return [*made, *before, *place([ast.Return(call)], node)]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """Lower one statement; helper functions its expressions need are put in front of it."""
        saved, self.pending = self.pending, []
        lowering = LOWERINGS.get(type(node))
        made = lowering(self, node) if lowering else [self.generic(node)]
        result = [*self.pending, *made]
        self.pending = saved
        return place(result, node)

    def expression(self, node: ast.expr) -> Any:
        """Lower one expression."""
        lowering = LOWERINGS.get(type(node))
        made = lowering(self, node) if lowering else self.generic(node)
        locate_all(made, node)
        return made

    def generic(self, node: Any) -> Any:
        """The same node with its parts lowered."""
        fields: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                fields[name] = [part for item in value for part in self.parts(item)]
            elif isinstance(value, ast.AST):
                fields[name] = self.parts(value)[0]
            else:
                fields[name] = value
        return ast.copy_location(type(node)(**fields), node) if hasattr(node, "lineno") else type(node)(**fields)

    def parts(self, node: Any) -> list[Any]:
        if isinstance(node, ast.stmt):
            return self.statement(node)
        if isinstance(node, ast.expr):
            return [self.expression(node)]
        return [self.generic(node)] if isinstance(node, ast.AST) else [node]

    def helper(self, what: str, body: list[ast.stmt], parameters: tuple[str, ...] = ()) -> tuple[str, ast.stmt]:
        """A helper function inside this one that shares its variables."""
        name = self.fresh(what)
        return name, function(name, list(parameters), body, self.writable())

    def closure(self, what: str, value: ast.expr) -> tuple[str, ast.stmt]:
        """A helper function that evaluates `value` each time it is called."""
        saved, self.pending = self.pending, []
        result = self.expression(value)
        body: list[ast.stmt] = [*self.pending, ast.Return(result)]
        self.pending = saved
        return self.helper(what, place(body, value))

    def lazily(self, value: ast.expr) -> ast.expr:
        """An expression for a function that evaluates `value` when it is called."""
        saved, self.pending = self.pending, []
        result = self.expression(value)
        hoisted, self.pending = self.pending, saved
        if not hoisted:
            return thunk(result)
        name, made = self.helper("value", place([*hoisted, ast.Return(result)], value))
        self.pending += place([made], value)
        return load(name)

    def whole(self) -> ast.FunctionDef:
        """The transformed function."""
        body = self.block(self.tree.body)
        tree = self.tree
        if tree.args.kwarg is not None:  # a dict that the call has made
            given = tree.args.kwarg.arg
            fresh: list[ast.stmt] = [ast.Assign([store(given)], hook("fresh_container", load(given)))]
            body = [*place(fresh, tree.body[0]), *body]
        if not self.generator:
            name, made = self.helper("body", body)
            declare: list[ast.stmt] = []
            if self.locals:
                unbound: list[ast.expr] = [store(local) for local in self.locals]
                declare = [ast.If(ast.Constant(False), [ast.Assign(unbound, ast.Constant(None))], [])]
            own: list[ast.expr] = [load(local) for local in self.locals]
            captured = names(sorted(self.liveness.captured & set(self.locals)))
            frame = ast.Assign([store(FRAME)], hook("frame", thunk(ast.Tuple(own, ast.Load())), captured))
            outside: list[ast.stmt] = [ast.Global(sorted(self.globals))] if self.globals else []
            if self.nonlocals:
                outside.append(ast.Nonlocal(sorted(self.nonlocals)))
            body = [*outside, *declare, frame, made, ast.Return(hook("function", load(name), load(FRAME)))]
            place(body, tree.body[0])
        result = definition(tree.name, tree.args, body, tree)
        ast.copy_location(result, tree)
        return ast.fix_missing_locations(result)


def parameter_names(args: ast.arguments) -> tuple[str, ...]:
    """The names a parameter list binds, in order."""
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return tuple(arg.arg for arg in every if arg is not None)


def own_nodes(tree: ast.AST) -> list[ast.AST]:
    """The nodes below `tree` that belong to its own scope (bodies of nested functions and classes left out)."""
    found: list[ast.AST] = []
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return found


def is_generator(tree: ast.FunctionDef) -> bool:
    """Whether calling the function makes a generator (or a coroutine)."""
    inner = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
    kinds = (ast.Yield, ast.YieldFrom, ast.Await)
    return any(isinstance(node, kinds) for node in own_nodes(tree) if not isinstance(node, inner))


def leaves(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> bool:
    """Whether a statement holds an exit that goes past its own end."""
    if isinstance(node, ast.Return | ast.Break | ast.Continue):
        return True
    if isinstance(node, ast.For | ast.While):
        inside = [part for s in node.body for part in [s, *own_nodes(s)]]
        after = any(leaves(s) for s in node.orelse)
        return after or any(isinstance(part, ast.Return) for part in inside)
    if isinstance(node, ast.If | ast.With | ast.Try | ast.Match | ast.ExceptHandler | ast.match_case):
        children = ast.iter_child_nodes(node)
        return any(leaves(c) for c in children if isinstance(c, ast.stmt | ast.ExceptHandler | ast.match_case))
    return False
