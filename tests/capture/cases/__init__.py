"""Programs as their users write them, one file a feature: each is test, documentation and roadmap at once.

A case file has a docstring that says which feature it shows, `EXPECT`, `make()` and, where the program changes
something outside itself, `state(program)`:

- `EXPECT = "graph"`: one graph serves every call. `EXPECT = "any"`: the imperative program may serve some calls.
- `MAX_GRAPHS` (default 1): how many graphs may be captured, for programs whose sizes vary.
- `make()` returns a fresh program and its calls; together the calls take every path of the program.
- `state(program)` returns what lives outside and must agree after every call.
- `before_call(program, number)` is what the caller does to the program before each call: change an attribute, say.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call with keyword arguments; a call without them is a plain tuple of arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
