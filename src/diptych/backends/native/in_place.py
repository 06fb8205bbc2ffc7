"""New values of inputs, written into them by the loops that compute them: without memory of their own, or a copy.

An optimizer's step replaces each parameter by something of its old value, element by element. Its loops can work on the
parameter itself if nothing fails after them and nobody reads what was there before.
"""

from __future__ import annotations

from collections.abc import Sequence

from diptych.backends.native.nests import Block, Inner, Lines, Nest, Statement, Store
from diptych.backends.native.values import Buffer, Strided

STOP = "if (d_failed) goto d_end;"
"""What stands before anything is written into inputs: a run that has failed leaves them as they are."""
FAILING = ("d_failed", "goto d_end", "d_python", "d_aten")


def compute_in_place(block: Block, pairs: Sequence[tuple[Strided, Strided]]) -> set[Buffer]:
    """Have values computed where they go; the inputs for which that was done.

    Each pair is an input and the value to be written into it at the end of `block`, all that is left to do.
    """
    statements = block.statements
    statements[:] = postponed(statements, {value.buffer for _, value in pairs})
    start = 1 + max((k for k, statement in enumerate(statements) if may_fail(statement)), default=-1)
    late = statements[start:]
    used = [users(statement) for statement in late]
    early = {buffer for statement in statements[:start] for buffer in statement.writes}
    done: dict[Buffer, int] = {}
    for target, value in pairs:
        made, old = value.buffer, target.buffer
        if made.kind != "arena" or made.pinned or made in early or not (value.whole() and target.whole()):
            continue
        if made.count != old.count or value.offset or target.offset or made.dtype is not old.dtype:
            continue
        writers = [k for k, statement in enumerate(late) if made in statement.writes]
        nest = late[writers[0]] if len(writers) == 1 else None
        if not isinstance(nest, Nest) or not alike(nest, made, old):
            continue
        if any(old in found for found in used[writers[0] + 1 :]):
            continue
        made.kind, made.place = "input", old
        done[old] = writers[0]
    if done:
        statements.insert(start + min(done.values()), Lines([STOP]))
    return set(done)


def postponed(statements: Sequence[Statement], wanted: set[Buffer]) -> list[Statement]:
    """The statements, with the loops that write to `wanted` after the last one that may fail, where they can wait."""
    last = max((k for k, statement in enumerate(statements) if may_fail(statement)), default=-1)
    kept: list[Statement] = []
    late: list[Statement] = []
    used: set[Buffer] = set()
    changed: set[Buffer] = set()
    for statement in reversed(statements[: last + 1]):
        waits = isinstance(statement, Nest) and statement.writes & wanted and not may_fail(statement)
        if waits and not statement.writes & used and not statement.reads & changed:
            late.append(statement)
        else:
            kept.append(statement)
            used |= users(statement)
            changed |= writes(statement)
    return [*reversed(kept), *reversed(late), *statements[last + 1 :]]


def may_fail(statement: Statement) -> bool:
    """Whether the run may end, or may be known to have failed, in a statement."""
    return any(word in line for line in statement.text(0) for word in FAILING)


def users(statement: Statement) -> set[Buffer]:
    """All memory that is used in a statement."""
    found = statement.reads | statement.writes
    return found.union(*(users(inner) for block in statement.blocks() for inner in block.statements))


def writes(statement: Statement) -> set[Buffer]:
    """All memory that is written to in a statement."""
    return statement.writes.union(*(writes(inner) for block in statement.blocks() for inner in block.statements))


def alike(nest: Nest, made: Buffer, old: Buffer) -> bool:
    """Whether loops read from `old` only what they write to the same place of `made`, and before they write it."""
    stores = [k for k, line in enumerate(nest.lines) if isinstance(line, Store) and line.buffer is made]
    if len(stores) != 1 or nest.serial:
        return False
    store = nest.lines[stores[0]]
    assert isinstance(store, Store)
    start, whole = f"{old.name}[", f"{old.name}[{store.address}]"
    for k, line in enumerate(nest.lines):
        texts = [line] if isinstance(line, str) else line.text()
        reads = sum(text.count(start) for text in texts)
        if reads and (isinstance(line, Inner) or k > stores[0] or reads != sum(text.count(whole) for text in texts)):
            return False
    return True
