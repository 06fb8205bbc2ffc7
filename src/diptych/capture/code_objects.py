"""Code objects: where in the text their instructions come from, and whether two of them do the same."""

from __future__ import annotations

import ast
import dis
import inspect
import types
from collections.abc import Iterator, Sequence
from typing import cast

Span = tuple[int, int, int, int]
"""First line, last line, first column, last column; lines from 1, columns in bytes."""

_JUMPS = {*dis.hasjrel, *dis.hasjabs}


def span_of(node: ast.expr | ast.stmt) -> Span:
    last = node.end_lineno if node.end_lineno is not None else node.lineno
    end = node.end_col_offset if node.end_col_offset is not None else node.col_offset
    return node.lineno, last, node.col_offset, end


def holds(outer: Span, inner: Span) -> bool:
    return (outer[0], outer[2]) <= (inner[0], inner[2]) and (inner[1], inner[3]) <= (outer[1], outer[3])


def spans(code: types.CodeType) -> Iterator[Span]:
    """The positions of the instructions that stand for text; a function's preamble stands for none."""
    for span in code.co_positions():
        if None not in span and span[2:] != (0, 0):
            yield cast(Span, span)


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code objects inside `code`, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from codes_in(constant)


def same(one: object, other: object) -> bool:
    """Whether two codes, or two constants of codes, are equal.

    Their own `==` will not do: in Python 3.11 it sees the caches of code that has run.
    """
    if isinstance(one, types.CodeType) and isinstance(other, types.CodeType):
        return _face(one) == _face(other) and same(one.co_consts, other.co_consts)
    if isinstance(one, tuple) and isinstance(other, tuple):
        ones, others = cast(tuple[object, ...], one), cast(tuple[object, ...], other)
        return len(ones) == len(others) and all(map(same, ones, others))
    if isinstance(one, float | complex):
        return repr(one) == repr(other)
    return type(one) is type(other) and one == other


def _face(code: types.CodeType) -> tuple[object, ...]:
    """All of a code that decides what it does, but its constants."""
    flags = code.co_flags & ~inspect.CO_ITERABLE_COROUTINE
    variables = code.co_varnames, code.co_cellvars, code.co_freevars
    return code.co_name, code.co_firstlineno, _arguments(code), flags, code.co_code, code.co_names, variables


def alike(one: types.CodeType, other: types.CodeType, asserts: Sequence[Span]) -> bool:
    """Whether two codes take the same arguments and do the same outside `asserts`."""
    if not asserts or _arguments(one) != _arguments(other):
        return False
    return _deeds(one, asserts) == _deeds(other, asserts)


def _arguments(code: types.CodeType) -> tuple[object, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_varnames[:count]


def _deeds(code: types.CodeType, asserts: Sequence[Span]) -> set[tuple[object, ...]]:
    """Operations with their operands and places, nested code included; jumps and jump distances aside."""
    deeds: set[tuple[object, ...]] = set()
    for step in dis.get_instructions(code):
        place = step.positions
        if place is None or None in place or place[2:] == (0, 0) or step.opcode in _JUMPS:
            continue
        span = cast(Span, tuple(place))
        if step.opname == "EXTENDED_ARG" or any(holds(a, span) for a in asserts):
            continue
        if isinstance(step.argval, types.CodeType):
            deeds.add((step.argval.co_name, span, _arguments(step.argval)))
            deeds |= _deeds(step.argval, asserts)
        else:
            deeds.add((step.opname, repr(step.argval), span))
    return deeds
