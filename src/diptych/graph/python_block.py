"""Indented lines of Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Block:
    """Lines of Python; a line may be followed by an indented block of its own. Comments alone do not count as lines."""

    items: list[str | Block] = field(default_factory=list["str | Block"])

    def __bool__(self) -> bool:
        return any(isinstance(item, Block) or not item.startswith("#") for item in self.items)

    def add(self, *items: str | Block) -> None:
        """Append lines and blocks."""
        self.items.extend(items)

    def add_if(self, condition: str, negated: str, then: Block, orelse: Block) -> None:
        """Append an `if`; one side alone when the other is empty, `elif` when the other side is itself an `if`."""
        if not then and orelse:
            self.add(f"if {negated}:", orelse)
            return
        self.add(f"if {condition}:", then if then else Block([*then.items, "pass"]))
        if not orelse:
            return
        if (chain := orelse.as_if_chain()) is not None:
            first, *rest = chain
            self.add(f"el{first}", *rest)
        else:
            self.add("else:", orelse)

    def as_if_chain(self) -> list[str | Block] | None:
        """The items without comments if they are one `if` with its branches, else None."""
        items = [item for item in self.items if isinstance(item, Block) or not item.startswith("#")]
        heads = [item for item in items if isinstance(item, str)]
        is_chain = bool(heads) and heads[0].startswith("if ") and all(head.startswith("el") for head in heads[1:])
        return items if is_chain and isinstance(items[0], str) else None

    def text(self, indent: str = "") -> Iterator[str]:
        """The lines, indented."""
        for item in self.items:
            if isinstance(item, Block):
                yield from item.text(indent + "    ")
            else:
                yield from ((indent + line).rstrip() for line in item.splitlines() or [""])
