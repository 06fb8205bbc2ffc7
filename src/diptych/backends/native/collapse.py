"""Loops over neighbouring dimensions that are one loop over their elements: the innermost one gets long.

Two loops, over `a` and over `b` of `n` elements inside it, are one if every address has them as `a*(n*s) + b*s`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from diptych.backends.native.values import Size

Ranges = list[tuple[str, Size]]


def collapse(ranges: Sequence[tuple[str, Size]], lines: Sequence[str]) -> tuple[Ranges, list[str]]:
    """The loops that are left, and the lines inside them."""
    texts = list(lines)
    made = [(name, size) for name, size in ranges if size != 1 or any(re.search(rf"\b{name}\b", t) for t in texts)]
    if not made:
        made = list(ranges)[-1:]
    k = len(made) - 2
    while k >= 0:
        (outer, many), (inner, count) = made[k], made[k + 1]
        if isinstance(many, int) and isinstance(count, int):
            found = merged(texts, outer, inner, count)
            if found is not None:
                texts = found
                made[k : k + 2] = [(inner, many * count)]
        k -= 1
    return made, texts


def merged(lines: list[str], outer: str, inner: str, count: int) -> list[str] | None:
    """The lines with a running number `inner` in place of two; None if something needs them apart."""
    pair = re.compile(rf"\b{outer}(?:\*(\d+))? \+ {inner}(?:\*(\d+))?(?![\w*])")
    either = re.compile(rf"\b(?:{outer}|{inner})\b")

    def one(found: re.Match[str]) -> str:
        step = int(found[2] or 1)
        if int(found[1] or 1) != count * step:
            return found[0]
        return "\0" if step == 1 else f"\0*{step}"

    texts = [pair.sub(one, line) for line in lines]
    if any(either.search(line) for line in texts):
        return None
    return [line.replace("\0", inner) for line in texts]
