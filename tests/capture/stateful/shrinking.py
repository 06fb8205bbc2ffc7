"""Making a program smaller by deleting statements, as long as something remains true of it."""

from __future__ import annotations

import ast
import copy
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

BLOCKS = ("body", "orelse", "finalbody", "handlers", "elts")


def blocks(tree: ast.AST) -> list[list[Any]]:
    """The lists of statements, handlers and elements (of a list) in the program, outer ones first."""
    found: list[list[Any]] = []
    for node in ast.walk(tree):
        names = BLOCKS if not isinstance(node, ast.Tuple) else ()
        found += [block for name in names if isinstance(block := getattr(node, name, None), list) and block]
    return found


def cuts(length: int) -> Iterator[tuple[int, int]]:
    """Parts of a list: all of it, halves, quarters, single items; the last ones first."""
    size = length
    while size:
        yield from ((max(0, end - size), end) for end in range(length, 0, -size))
        size //= 2


def smaller(tree: ast.Module) -> Iterator[ast.Module]:
    """The program without some statements of a block, or with the inside of a block instead of it."""
    for number, block in enumerate(blocks(tree)):
        for start, end in cuts(len(block)):
            for inside in (False, True):
                new = copy.deepcopy(tree)
                place = blocks(new)[number]
                kept = getattr(place[start], "body", None) if inside and end - start == 1 else []
                if not isinstance(kept, list) or (inside and not kept):
                    continue
                place[start:end] = kept or (
                    [ast.Pass()] if isinstance(place[0], ast.stmt) and len(place) == end - start else []
                )
                yield new


def smallest(text: str, holds: Callable[[str], bool], seconds: float) -> str:
    """The text with as much deleted as can be while it `holds`, or as much as there is time for."""
    end = time.monotonic() + seconds
    tree, at = ast.parse(text), 0
    while time.monotonic() < end:
        candidates = itertools.islice(smaller(tree), at, None)
        better = next((pair for pair in enumerate(candidates, at) if holds(ast.unparse(pair[1]))), None)
        if better is None and at == 0:
            break
        at, tree = better or (0, tree)
    return ast.unparse(tree)
