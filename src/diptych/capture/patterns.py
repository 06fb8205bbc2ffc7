"""What the patterns of `match` ask of a subject (PEP 634), one hook for each form of pattern that looks inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SEQUENCE = 1 << 5
MAPPING = 1 << 6
MATCHES_ITSELF = 1 << 22
"""Flags of types (`Py_TPFLAGS_...`): what a pattern may take for a sequence or a mapping, and for its own only part."""

MISSING = object()
Body = Callable[..., Any]
"""What is asked of the parts."""


class Patterns:
    """Hooks of patterns; each calls `body` with the parts that it found and is false where the subject has others."""

    call: Callable[..., Any]
    getattr: Callable[[Any, str], Any]
    delitem: Callable[[Any, Any], None]
    unpack: Callable[[Any, int, int], Any]

    def class_pattern(self, subject: Any, kind: Any, count: int, names: tuple[str, ...], body: Body) -> Any:
        """`kind(a, b, name=c)`: `count` patterns by position, then those of the attributes `names`."""
        if not isinstance(kind, type):
            match subject:  # the error of this version of Python
                case kind():
                    raise AssertionError("the pattern above raises")
                case _:
                    pass
        if not self.call(isinstance, subject, kind):
            return False
        parts: list[Any] = []
        if count and not hasattr(kind, "__match_args__") and kind.__flags__ & MATCHES_ITSELF:
            most, first = 1, ()
            parts.append(subject)
        else:
            given = getattr(kind, "__match_args__", ())
            if type(given) is not tuple:
                raise TypeError(f"{kind.__name__}.__match_args__ must be a tuple (got {type(given).__name__})")
            most, first = len(given), given[:count]
        if count > most:
            plural = "" if most == 1 else "s"
            raise TypeError(f"{kind.__name__}() accepts {most} positional sub-pattern{plural} ({count} given)")
        read: set[str] = set()
        for name in (*first, *names):
            if type(name) is not str:
                what = f"__match_args__ elements must be strings (got {type(name).__name__})"
                raise TypeError(what)
            if name in read:
                raise TypeError(f"{kind.__name__}() got multiple sub-patterns for attribute {name!r}")
            read.add(name)
            try:
                parts.append(self.getattr(subject, name))
            except AttributeError:
                return False
        return body(*parts)

    def sequence_pattern(self, subject: Any, count: int, star: int, body: Body) -> Any:
        """`[a, *b, c]`: `count` patterns, the one at `star` (or none: -1) for all that the others leave."""
        if not type(subject).__flags__ & SEQUENCE:
            return False
        length = self.call(len, subject)
        if (length != count) if star < 0 else (length < count - 1):
            return False
        return body(*self.unpack(subject, count, star))

    def mapping_pattern(self, subject: Any, rest: bool, body: Body, *keys: Any) -> Any:
        """`{key: a, **rest}`."""
        if not type(subject).__flags__ & MAPPING:
            return False
        if len(set(keys)) < len(keys) and self.call(len, subject) < len(keys):
            return False
        parts: list[Any] = []
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise ValueError(f"mapping pattern checks duplicate key ({key!r})")
            found = self.call(self.getattr(subject, "get"), key, MISSING)
            if found is MISSING:
                return False
            parts.append(found)
        if rest:
            others = self.call(dict, subject)
            for key in keys:
                self.delitem(others, key)
            parts.append(others)
        return body(*parts)
