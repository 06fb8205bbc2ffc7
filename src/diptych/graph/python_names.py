"""Readable, unique names for the values of a written program."""

from __future__ import annotations

import ast
import builtins
import keyword
import re

from torch import fx

from diptych.graph import walk
from diptych.graph.lines import operation

_RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(dir(builtins))
    | {"torch", "F", "math", "operator", "random", "state", "write"}
)


class Names:
    """Hands out names, each once; `outer` are names that mean something around this scope."""

    def __init__(self, outer: Names | None = None) -> None:
        self.used: set[str] = set(outer.used) if outer else set(_RESERVED)

    def fresh(self, wish: str) -> str:
        """`wish` made an identifier, numbered if it is taken."""
        base = re.sub(r"\W+", "_", wish).strip("_") or "value"
        base = f"value_{base}" if base[0].isdigit() else base
        name, number = base, 0
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self.used.add(name)
        return name


def wish(node: fx.Node) -> str:
    """What to call the value of a node: the variable its source line assigns to, if it is the last step of that line.

    Otherwise the name of the operation.
    """
    where = walk.where_of(node)
    if where is not None and _last_of_its_line(node) and (name := assigned(where.text)) is not None:
        return name
    if node.op == "get_attr":
        return "constant"
    parts = operation(node).removeprefix("@").split(".")
    name = parts[1] if parts[0] in ("aten", "operator", "math", "own", "autograd") and len(parts) > 1 else parts[0]
    return name.strip("_")


def assigned(text: str) -> str | None:
    """The variable that a statement assigns to, if it is one plain assignment to a name."""
    try:
        statements = ast.parse(text.strip()).body
    except SyntaxError:
        return None
    match statements:
        case [ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name))]:
            return name
        case [ast.AnnAssign(target=ast.Name(id=name))]:
            return name
        case _:
            return None


def _last_of_its_line(node: fx.Node) -> bool:
    where = walk.where_of(node)
    after = node.next
    while after.op == "get_attr" or walk.component(after) is not None:
        after = after.next
    return after.op == "output" or walk.where_of(after) != where
