"""The programs that are captured: the corpus of cases and the zoo of modules, under one kind of name."""

from __future__ import annotations

import fnmatch
import math

from tests.capture.harness import Case, case_named, case_names
from tests.modules.comparison import case_of
from tests.modules.zoo import ZOO

COLLECTIONS = ("cases", "zoo")


def program_names(only: list[str] | None = None, limit: int | None = None) -> list[str]:
    """Names such as `cases/early_return` and `zoo/unet`.

    `only` keeps those that match a pattern; `limit` then keeps at most so many, evenly spread over the list.
    """
    names = [f"cases/{name}" for name in case_names()] + [f"zoo/{entry.name}" for entry in ZOO]
    if only:
        names = [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in only)]
    if limit is not None and len(names) > limit:
        names = names[:: math.ceil(len(names) / limit)]
    return names


def program(name: str) -> Case:
    """The program of that name; KeyError or FileNotFoundError if there is none."""
    collection, _, rest = name.partition("/")
    if collection == "cases":
        return case_named(rest)
    return case_of({entry.name: entry for entry in ZOO}[rest])
