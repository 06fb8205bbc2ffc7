"""Live variables by another road: an explicit control-flow graph and a search along its edges."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace


@dataclass
class Node:
    """A point of a run: what it reads, then what it writes, then where it can go."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    following: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Ways:
    """Where a statement can go: `error` by itself, `raised` by an explicit `raise` or `assert`."""

    next: Node
    broken: Node
    continued: Node
    returned: Node
    raised: Node
    error: Node


class Graph:
    """The control-flow graph of a function made of plain statements; every statement but an exit may fail midway."""

    def __init__(self, tree: ast.FunctionDef) -> None:
        self.after: dict[ast.stmt, list[Node]] = {}
        self.head: dict[ast.stmt, list[Node]] = {}
        end = Node()
        self.block(tree.body, Ways(end, end, end, end, end, end))

    def live_after(self, stmt: ast.stmt) -> set[str]:
        return set().union(*map(read_from, self.after[stmt]))

    def live_at_head(self, loop: ast.stmt) -> set[str]:
        return set().union(*map(read_from, self.head[loop]))

    def mark(self, stmt: ast.stmt, node: Node) -> Node:
        self.after.setdefault(stmt, []).append(node)
        return node

    def block(self, body: list[ast.stmt], ways: Ways) -> Node:
        for stmt in reversed(body):
            ways = replace(ways, next=self.statement(stmt, ways))
        return ways.next

    def statement(self, stmt: ast.stmt, ways: Ways) -> Node:
        kinds = {type(node) for node in ast.walk(stmt)}
        inner = {type(node) for node in own_exits(stmt)}
        self.mark(stmt, Node() if isinstance(stmt, ast.Break | ast.Continue | ast.Return | ast.Raise) else ways.next)
        if ast.Break in inner:
            self.mark(stmt, ways.broken)
        if ast.Continue in inner:
            self.mark(stmt, ways.continued)
        if ast.Return in kinds:
            self.mark(stmt, ways.returned)
        if ast.Raise in kinds or ast.Assert in kinds:
            self.mark(stmt, ways.raised)
        return getattr(self, type(stmt).__name__)(stmt, ways)

    def point(self, reads: list[ast.AST], writes: list[ast.AST], ways: Ways, *following: Node) -> Node:
        """Reads that may fail, then writes."""
        last = Node(set(), names(writes), list(following))
        return Node(names(reads), set(), [last, ways.error])

    def Assign(self, stmt: ast.Assign, ways: Ways) -> Node:
        return self.point([stmt.value], stmt.targets, ways, ways.next)

    def AugAssign(self, stmt: ast.AugAssign, ways: Ways) -> Node:
        return self.point([stmt.value, stmt.target], [stmt.target], ways, ways.next)

    def Delete(self, stmt: ast.Delete, ways: Ways) -> Node:
        return self.point(stmt.targets, stmt.targets, ways, ways.next)

    def Expr(self, stmt: ast.Expr, ways: Ways) -> Node:
        return self.point([stmt.value], [], ways, ways.next)

    def Pass(self, stmt: ast.Pass, ways: Ways) -> Node:
        return self.point([], [], ways, ways.next)

    def Assert(self, stmt: ast.Assert, ways: Ways) -> Node:
        message = self.point([stmt.msg] if stmt.msg else [], [], ways, ways.raised)
        return self.point([stmt.test], [], ways, ways.next, message)

    def Break(self, stmt: ast.Break, ways: Ways) -> Node:
        return self.point([], [], ways, ways.broken)

    def Continue(self, stmt: ast.Continue, ways: Ways) -> Node:
        return self.point([], [], ways, ways.continued)

    def Return(self, stmt: ast.Return, ways: Ways) -> Node:
        return self.point([stmt.value] if stmt.value else [], [], ways, ways.returned)

    def Raise(self, stmt: ast.Raise, ways: Ways) -> Node:
        return self.point([stmt.exc] if stmt.exc else [], [], ways, ways.raised)

    def If(self, stmt: ast.If, ways: Ways) -> Node:
        return self.point([stmt.test], [], ways, self.block(stmt.body, ways), self.block(stmt.orelse, ways))

    def While(self, stmt: ast.While, ways: Ways) -> Node:
        head = Node(names([stmt.test]))
        self.head.setdefault(stmt, []).append(head)
        head.following.append(self.block(stmt.body, replace(ways, next=head, broken=ways.next, continued=head)))
        if not (isinstance(stmt.test, ast.Constant) and stmt.test.value):
            head.following.append(self.block(stmt.orelse, ways))
        head.following.append(ways.error)
        return head

    def For(self, stmt: ast.For, ways: Ways) -> Node:
        head = Node()
        self.head.setdefault(stmt, []).append(head)
        body = self.block(stmt.body, replace(ways, next=head, broken=ways.next, continued=head))
        head.following += [Node(set(), names([stmt.target]), [body]), self.block(stmt.orelse, ways), ways.error]
        return self.point([stmt.iter], [], ways, head)

    def With(self, stmt: ast.With, ways: Ways) -> Node:
        either = Node(following=[ways.next, ways.error])
        explicit = Node(following=[ways.next, ways.raised])
        entry = self.block(stmt.body, replace(ways, error=either, raised=explicit))
        for index, item in reversed(list(enumerate(stmt.items))):
            target = [item.optional_vars] if item.optional_vars else []
            entry = self.point([item.context_expr], target, replace(ways, error=either) if index else ways, entry)
        return entry

    def Try(self, stmt: ast.Try, ways: Ways) -> Node:
        if stmt.finalbody:
            guarded = [*stmt.body, *stmt.handlers, *stmt.orelse]
            kinds = {type(node) for part in guarded for node in own_exits(part)}
            leave = {"next": ways.next, "error": ways.error, "raised": ways.raised}
            leave |= {"broken": ways.broken} if ast.Break in kinds else {}
            leave |= {"continued": ways.continued} if ast.Continue in kinds else {}
            leave |= {"returned": ways.returned} if ast.Return in kinds else {}
            final = {way: self.block(stmt.finalbody, replace(ways, next=node)) for way, node in leave.items()}
            ways = replace(ways, **final)
        caught = ways.error
        for handler in reversed(stmt.handlers):
            forget = {handler.name} if handler.name else set()
            inner = Ways(*(Node(set(), forget, [node]) for node in vars(ways).values()))
            enter = Node(set(), forget, [self.block(handler.body, inner)])
            caught = enter if handler.type is None else self.point([handler.type], [], ways, enter, caught)
        otherwise = self.block(stmt.orelse, ways)
        return self.block(stmt.body, replace(ways, next=otherwise, error=caught, raised=caught))

    def Match(self, stmt: ast.Match, ways: Ways) -> Node:
        other = ways.next
        for case in reversed(stmt.cases):
            body = self.block(case.body, ways)
            tested = self.point([case.guard], [], ways, body, other) if case.guard else body
            bound = {node.name for node in ast.walk(case.pattern) if isinstance(node, ast.MatchAs) and node.name}
            sure = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            other = Node(following=[Node(set(), bound, [tested]), *([] if sure else [other]), ways.error])
        return self.point([stmt.subject], [], ways, other)


def names(parts: list[ast.AST]) -> set[str]:
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def own_exits(stmt: ast.AST) -> list[ast.AST]:
    """The nodes of `stmt`, but for `break` and `continue` of loops inside it."""
    found, stack = [], [(stmt, False)]
    while stack:
        node, looped = stack.pop()
        if not (looped and isinstance(node, ast.Break | ast.Continue)):
            found.append(node)
        for name, value in ast.iter_fields(node):
            inside = looped or (isinstance(node, ast.For | ast.While) and name == "body")
            stack += [(child, inside) for child in (value if isinstance(value, list) else [value])
                      if isinstance(child, ast.AST)]  # fmt: skip
    return found


def read_from(start: Node) -> set[str]:
    """The variables with a path from `start` on which they are read before they are written."""
    found: set[str] = set()
    seen: dict[int, frozenset[str]] = {}
    stack = [(start, frozenset[str]())]
    while stack:
        node, written = stack.pop()
        known = seen.get(id(node))
        if known is not None and known <= written:
            continue
        seen[id(node)] = written if known is None else known & written
        written = seen[id(node)]
        found |= node.reads - written
        stack += [(other, written | node.writes) for other in node.following]
    return found
