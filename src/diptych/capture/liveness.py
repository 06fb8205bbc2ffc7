"""Which variables of a function may still be read: backward liveness over structured Python.

Method: the data-flow equations of live variables, solved on the syntax tree itself from the end to the start; loops
are iterated to their least fixed point, a `finally` is solved once for each way in which it is left.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from diptych.capture.scopes import SCOPES, Function, bindings, captured, declared, free, outside, parameters

Names = frozenset[str]
NONE: Names = frozenset()
LOOPS = ast.For | ast.AsyncFor | ast.While
_ALL_READERS = {"locals", "vars", "dir", "eval", "exec"}


@dataclass(frozen=True)
class _Exits:
    """What is live where a statement can go other than to the next one."""

    broken: Names = NONE
    continued: Names = NONE
    returned: Names = NONE
    raised: Names = NONE

    def map(self, change: Callable[[Names], Names]) -> _Exits:
        return _Exits(*map(change, (self.broken, self.continued, self.returned, self.raised)))


class Liveness:
    """The live variables of one function; only names of its own scope count.

    `captured` are those that functions, generators or classes inside it use: they are live everywhere. `declared` are
    the names that it declares `global` and `nonlocal`; they are not its own.
    """

    def __init__(self, tree: Function) -> None:
        self.declared = declared(tree)
        self.locals: Names = frozenset({*parameters(tree.args), *bindings(tree.body)}.difference(*self.declared))
        self.captured: Names = frozenset().union(*map(captured, tree.body)) & self.locals
        self._first = parameters(tree.args)[:1]
        self._after: dict[ast.stmt, Names] = {}
        self._head: dict[ast.stmt, Names] = {}
        self._at_entry = self._block(tree.body, NONE, _Exits())
        self._given = frozenset(parameters(tree.args))
        deleted = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}
        self._deleted: Names = frozenset(deleted) & self.locals

    @property
    def maybe_unbound(self) -> Names:
        """The function's own names that may have no value where they are read."""
        return ((self._at_entry | self.captured) & self.locals) - self._given | self._deleted

    def live_after(self, stmt: ast.stmt) -> Names:
        """Names that may be read once `stmt` is done, before they are overwritten.

        Done means that it ran to its end or was left by `break`, `continue`, `return`, `raise` or `assert` inside it.
        """
        return self._of(self._after, stmt)

    def live_at_loop_head(self, loop: ast.stmt) -> Names:
        """Names that may be read from the start of a round on: by the test, the body, or after the loop."""
        return self._of(self._head, loop)

    def assigned(self, stmts: Iterable[ast.stmt]) -> tuple[str, ...]:
        """The function's own names that `stmts` bind or delete, in the order of the text."""
        return tuple(name for name in bindings(stmts) if name in self.locals)

    def alias(self, new: ast.stmt, old: ast.stmt) -> None:
        """Let `new`, which is not in the tree, stand where `old` stands."""
        for table in (self._after, self._head):
            if old in table:
                table[new] = table[old]

    def _of(self, table: dict[ast.stmt, Names], stmt: ast.stmt) -> Names:
        if stmt not in table:
            raise KeyError(f"{type(stmt).__name__} at line {getattr(stmt, 'lineno', '?')} is not of the analysed tree")
        return table[stmt] | self.captured

    # Statements

    def _block(self, body: Sequence[ast.stmt], live: Names, exits: _Exits) -> Names:
        """What is live before `body`, given what is live after it and at its other exits."""
        for stmt in reversed(body):
            self._record(stmt, live, exits)
            live = self._stmt(stmt, live, exits) | exits.raised
        return live

    def _record(self, stmt: ast.stmt, live: Names, exits: _Exits) -> None:
        kinds = _exits_of(stmt)
        through = [NONE if isinstance(stmt, ast.Break | ast.Continue | ast.Return | ast.Raise) else live]
        through += [exits.broken] if ast.Break in kinds else []
        through += [exits.continued] if ast.Continue in kinds else []
        through += [exits.returned] if ast.Return in kinds else []
        through += [exits.raised] if ast.Raise in kinds or ast.Assert in kinds else []
        self._after[stmt] = self._after.get(stmt, NONE).union(*through)

    def _stmt(self, stmt: ast.stmt, live: Names, exits: _Exits) -> Names:
        match stmt:
            case ast.Break():
                return exits.broken
            case ast.Continue():
                return exits.continued
            case ast.Return(value=value):
                return self._parts([value], exits.returned)
            case ast.Raise(exc=error, cause=cause):
                return self._parts([error, cause], exits.raised)
            case ast.If(test=test, body=body, orelse=orelse):
                return self._expr(test, self._block(body, live, exits) | self._block(orelse, live, exits))
            case ast.While() | ast.For() | ast.AsyncFor():
                return self._loop(stmt, live, exits)
            case ast.Try() | ast.TryStar():
                return self._try(stmt, live, exits)
            case ast.With() | ast.AsyncWith():
                return self._with(stmt, live, exits)
            case ast.Match():
                return self._match(stmt, live, exits)
            case _:
                return self._simple(stmt, live, exits)

    def _simple(self, stmt: ast.stmt, live: Names, exits: _Exits) -> Names:
        match stmt:
            case ast.Assign(targets=targets, value=value):
                return self._parts([value, *targets], live)
            case ast.AugAssign(target=target, value=value):
                read = {target.id} & self.locals if isinstance(target, ast.Name) else NONE
                return self._parts([value, target], live) | read
            case ast.AnnAssign(target=target, value=value, annotation=note, simple=simple):
                stored = [target] if value or not simple else []
                return self._parts([value, *stored, None if simple else note], live)
            case ast.Delete(targets=targets):
                return self._parts(targets, live) | (set(bindings(targets)) & self.locals)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._parts(outside(stmt), live - {stmt.name})
            case ast.ClassDef():
                return self._parts(outside(stmt), (live - {stmt.name}) | (free(stmt) & self.locals))
            case ast.Import() | ast.ImportFrom():
                return live - set(bindings([stmt]))
            case ast.Assert(test=test, msg=message):
                failed = self._parts([message], exits.raised)
                return self._expr(test, live | failed)
            case _:
                return self._parts(ast.iter_child_nodes(stmt), live)

    def _loop(self, loop: ast.For | ast.AsyncFor | ast.While, live: Names, exits: _Exits) -> Names:
        done = self._block(loop.orelse, live, exits)
        head = NONE
        while True:
            body = self._block(loop.body, head, replace(exits, broken=live, continued=head))
            if not isinstance(loop, ast.While):
                start = done | self._expr(loop.target, body)
            elif isinstance(loop.test, ast.Constant) and loop.test.value:
                start = body
            else:
                start = self._expr(loop.test, body | done)
            start |= exits.raised
            if start == head:
                break
            head = start
        self._head[loop] = self._head.get(loop, NONE) | head
        return head if isinstance(loop, ast.While) else self._expr(loop.iter, head)

    def _try(self, stmt: ast.Try | ast.TryStar, live: Names, exits: _Exits) -> Names:
        if stmt.finalbody:
            kinds = _exits_of(ast.Try(stmt.body, stmt.handlers, stmt.orelse, []))

            def final(after: Names) -> Names:
                return self._block(stmt.finalbody, after, exits)

            live = final(live)
            exits = _Exits(
                final(exits.broken) if ast.Break in kinds else NONE,
                final(exits.continued) if ast.Continue in kinds else NONE,
                final(exits.returned) if ast.Return in kinds else NONE,
                final(exits.raised),
            )
        caught = exits.raised
        for handler in reversed(stmt.handlers):
            name = {handler.name} if handler.name else set[str]()
            # Python deletes the name when the handler is left, whichever way.
            entered = self._block(handler.body, live - name, exits.map(lambda names, name=name: names - name)) - name
            caught = entered if handler.type is None else self._expr(handler.type, entered | caught)
        otherwise = self._block(stmt.orelse, live, exits)
        return self._block(stmt.body, otherwise, replace(exits, raised=caught))

    def _with(self, stmt: ast.With | ast.AsyncWith, live: Names, exits: _Exits) -> Names:
        suppressed = exits.raised | live
        entered = self._block(stmt.body, live, replace(exits, raised=suppressed))
        for index, item in reversed(list(enumerate(stmt.items))):
            if item.optional_vars is not None:
                entered = self._expr(item.optional_vars, entered)
                entered |= NONE if isinstance(item.optional_vars, ast.Name) else suppressed
            entered = self._expr(item.context_expr, entered) | (suppressed if index else exits.raised)
        return entered

    def _match(self, stmt: ast.Match, live: Names, exits: _Exits) -> Names:
        following = live
        for case in reversed(stmt.cases):
            taken = self._block(case.body, live, exits)
            if case.guard is not None:
                taken = self._expr(case.guard, taken | following)
            taken -= set(bindings([case.pattern]))
            read = [node for node in ast.walk(case.pattern) if isinstance(node, ast.expr)]
            following = self._parts(read, taken if _irrefutable(case.pattern) else taken | following)
        return self._expr(stmt.subject, following)

    # Expressions, against the order of their evaluation

    def _parts(self, parts: Iterable[ast.AST | None], live: Names) -> Names:
        for part in reversed([part for part in parts if part is not None]):
            live = self._expr(part, live)
        return live

    def _expr(self, node: ast.AST, live: Names) -> Names:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                return live | ({name} & self.locals)
            case ast.Name(id=name):
                return live - {name}
            case ast.NamedExpr(target=target, value=value):
                return self._parts([value, target], live)
            case ast.BoolOp(values=[first, *others]):
                return self._expr(first, self._shortcut(others, live))
            case ast.Compare(left=left, comparators=[first, *others]):
                return self._parts([left, first], self._shortcut(others, live))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._expr(test, self._expr(body, live) | self._expr(orelse, live))
            case ast.Dict(keys=keys, values=values):
                return self._parts([part for pair in zip(keys, values, strict=True) for part in pair], live)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _ALL_READERS:
                return self._parts([*args, *keywords], live | self.locals)
            case ast.Call(func=ast.Name(id="super"), args=[]):
                return live | set(self._first)
            case _ if isinstance(node, SCOPES):
                return self._parts(outside(node), live | (free(node) & self.locals))
            case _:
                return self._parts(ast.iter_child_nodes(node), live)

    def _shortcut(self, parts: Sequence[ast.expr], live: Names) -> Names:
        """What is live before `parts`, of which any number of the last ones may be skipped."""
        before = live
        for part in reversed(parts):
            before = live | self._expr(part, before)
        return before


def analyse(tree: Function) -> Liveness:
    """The live variables of the function `tree`, nested functions apart: they are analysed on their own."""
    return Liveness(tree)


def _exits_of(stmt: ast.AST) -> set[type[ast.AST]]:
    """The kinds of exit statements in `stmt` that leave it (a `break` of a loop inside it does not)."""
    if isinstance(stmt, ast.Break | ast.Continue | ast.Return | ast.Raise | ast.Assert):
        return {type(stmt)}
    if isinstance(stmt, SCOPES | ast.expr):
        return set()
    if isinstance(stmt, LOOPS):
        inner = set[type[ast.AST]]().union(*map(_exits_of, stmt.body)) - {ast.Break, ast.Continue}
        return inner.union(*map(_exits_of, stmt.orelse))
    return set[type[ast.AST]]().union(*map(_exits_of, ast.iter_child_nodes(stmt)))


def _irrefutable(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=inner) if inner is not None:
            return _irrefutable(inner)
        case ast.MatchOr(patterns=patterns):
            return any(map(_irrefutable, patterns))
        case _:
            return False
