"""Text: `str`, `repr`, `format` and `print`."""

from __future__ import annotations

import builtins
from typing import Any

from diptych.capture.staging.builtin.registry import meaning


@meaning(builtins.str)
def builtin_str(stager: Any, *args: Any) -> Any:
    """`str(x)`."""
    return stager.format(args[0], -1, "") if args else ""


@meaning(builtins.repr)
def builtin_repr(stager: Any, value: Any) -> Any:
    """`repr(x)`."""
    return stager.format(value, ord("r"), "")


@meaning(builtins.ascii)
def builtin_ascii(stager: Any, value: Any) -> Any:
    """`ascii(x)`."""
    return stager.format(value, ord("a"), "")


@meaning(builtins.format)
def builtin_format(stager: Any, value: Any, form: str = "") -> Any:
    """`format(x, spec)`."""
    return stager.format(value, -1, form)


@meaning(builtins.print)
def builtin_print(stager: Any, *args: Any, **kwargs: Any) -> None:
    """`print(...)`: an effect."""
    stager.print_(args, kwargs)
