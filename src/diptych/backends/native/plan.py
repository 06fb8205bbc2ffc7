"""Memory, planned ahead: buffers whose lives do not overlap share a place in one arena."""

from __future__ import annotations

from diptych.backends.native.nests import Block, needed
from diptych.backends.native.values import WIDTHS, Buffer

ALIGNMENT = 64
Life = tuple[int, int]


def plan(block: Block) -> tuple[dict[Buffer, int], int]:
    """The offset of each arena buffer that is used, and the size of the arena in bytes."""
    lives = {buffer: life for buffer, life in lives_in(block, [0]).items() if buffer.kind == "arena" and needed(buffer)}
    offsets: dict[Buffer, int] = {}
    total = 0
    for buffer in sorted(lives, key=lambda b: (lives[b][0], b.name)):
        size = width(buffer)
        taken = sorted(
            (offsets[other], offsets[other] + width(other))
            for other in offsets
            if lives[other][0] <= lives[buffer][1] and lives[buffer][0] <= lives[other][1]
        )
        at = 0
        for start, end in taken:
            if at + size <= start:
                break
            at = max(at, end)
        offsets[buffer] = at
        total = max(total, at + size)
    return offsets, total


def width(buffer: Buffer) -> int:
    """The bytes of a buffer, rounded up."""
    assert isinstance(buffer.count, int)
    size = max(buffer.count, 1) * WIDTHS[buffer.dtype]
    return -(-size // ALIGNMENT) * ALIGNMENT


def lives_in(block: Block, clock: list[int]) -> dict[Buffer, Life]:
    """From when to when the buffers of a block are needed.

    What is used by one statement only lives inside of it; what several use lives from the first to the end of the last,
    loops as a whole.
    """
    lives: dict[Buffer, Life] = {}
    whole: dict[Buffer, Life] = {}
    for statement in block.statements:
        start = clock[0]
        clock[0] += 1
        inner: dict[Buffer, list[Life]] = {}
        for part in statement.blocks():
            for buffer, life in lives_in(part, clock).items():
                inner.setdefault(buffer, []).append(life)
        end = clock[0]
        clock[0] += 1
        here = (start, end)
        for buffer in {*statement.reads, *statement.writes, *inner}:
            found = inner.get(buffer, [here])
            alone = found[0] if len(found) == 1 and buffer not in statement.reads | statement.writes else here
            if buffer in whole:
                whole[buffer] = lives[buffer] = (whole[buffer][0], end)
            else:
                whole[buffer], lives[buffer] = here, alone
    return lives


def last_uses(block: Block) -> dict[Buffer, int]:
    """The number of the last statement of a block in which a buffer is used, also in what is inside of it."""
    made: dict[Buffer, int] = {}
    for place, statement in enumerate(block.statements):
        inside = {buffer for part in statement.blocks() for buffer in last_uses(part)}
        made |= dict.fromkeys({*statement.reads, *statement.writes, *inside}, place)
    return made
