"""Every exception of Diptych: what was seen, where in the user's source, why it is a problem, and what to do."""

from __future__ import annotations


class DiptychError(Exception):
    """Base of all errors. `where` is a place (`Where`, or text); `str()` is one readable block."""

    def __init__(self, what: str, where: object = None, why: str = "", remedy: str = "") -> None:
        super().__init__(what, where, why, remedy)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [("where", place(self.where)), ("why", self.why), ("remedy", self.remedy)]
        return "\n".join([self.what, *(_aligned(label, text) for label, text in parts if text)])


class IllegalGraph(DiptychError):
    """A symbolic graph breaks a rule of the legality table; `rule` is the rule's name, `node` the node's."""

    def __init__(self, rule: str, what: str, node: str = "", where: object = None, why: str = "") -> None:
        super().__init__(
            f"illegal graph: {what}" + (f" (node {node})" if node else ""),
            where,
            f"rule {rule!r}: {why}" if why else f"rule {rule!r}",
            "this is a fault of whatever built the graph, not of the program; please report it",
        )
        self.rule = rule
        self.node = node


class CaptureRefused(DiptychError):
    """A program, or a place in it, cannot be put into one graph; `refusal` is its id in the catalogue."""

    def __init__(self, refusal: str, where: object = None, why: str = "", remedy: str = "", what: str = "") -> None:
        super().__init__(what or f"capture refused: {refusal}", where, why, remedy)
        self.refusal = refusal


class SaveError(DiptychError):
    """A graph holds something that cannot be written to a file."""


class LoadError(DiptychError):
    """A file is not a graph that this version can read."""


class PythonTextError(DiptychError):
    """A graph holds something that cannot be written as standalone Python."""


def place(where: object) -> str:
    """`where` as text, followed by the source text there when it is known."""
    if where is None:
        return ""
    text = getattr(where, "text", "")
    return f"{where}\n{text}" if text else str(where)


def _aligned(label: str, text: str) -> str:
    first, *rest = text.splitlines()
    return "\n".join([f"  {label + ':':<8}{first}", *(" " * 10 + line for line in rest)])
