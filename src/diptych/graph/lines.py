"""Where the lines of the source went: which steps of the graph each of them became."""

from __future__ import annotations

import os
from dataclasses import dataclass

from torch import fx

from diptych.graph import vocabulary, walk


@dataclass(frozen=True)
class SourceLine:
    """One line of the user's source and the names of the operations it became, in order."""

    file: str
    line: int
    text: str
    operations: tuple[str, ...]

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}  {first_line(self.text)}  ->  {', '.join(self.operations)}"


def source_lines(module: fx.GraphModule) -> list[SourceLine]:
    """Every source line that became a step of `module`, its regions or its functions, by file and line."""
    found: dict[tuple[str, int], tuple[str, list[str]]] = {}
    for node in walk.everything(module):
        where = walk.where_of(node)
        if where is None or walk.component(node) is not None:
            continue
        _, operations = found.setdefault((where.file, where.line), (where.text, []))
        operations.append(operation(node))
    return [SourceLine(*key, text, tuple(operations)) for key, (text, operations) in sorted(found.items())]


def operation(node: fx.Node) -> str:
    """The name of what a step does, as the text form writes it: `aten.add.Tensor`, `math.sin`, `cond`, `@fact`."""
    if node.op == "get_attr":
        return "constant"
    family, _, name = (vocabulary.name_of(node.target) or f"unknown:{node.target}").partition(":")
    match family:
        case "function":
            return f"@{name}"
        case "raise":
            return f"raise {name}"
        case "control":
            return {"while_loop": "while"}.get(name, name)
        case "own" | "autograd":
            return f"{family}.{name}"
        case _:
            return name.removeprefix("builtins.")


def first_line(text: str) -> str:
    """The first line of a source text, marked if there are more."""
    first, *rest = text.strip().splitlines() or [""]
    return f"{first.rstrip()} ..." if rest else first.rstrip()
