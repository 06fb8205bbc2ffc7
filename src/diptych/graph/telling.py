"""Operations that tell the world something: printed lines, log records and warnings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diptych.graph.own import register
from diptych.graph.printing import may_be_held


@register("say")
@may_be_held
def say(line: str) -> int:
    """Print text (with its line end)."""
    print(line, end="")
    return 0


@register("log")
@may_be_held
def log(logger: str, level: int, message: str, args: tuple[Any, ...], file: str, line: int, function: str) -> int:
    """Log `message % args` as if from that place; without a name, to the root logger as `logging.info` does."""
    import logging

    to = logging.getLogger(logger or None)
    if not logger and not to.handlers:
        logging.basicConfig()
    if to.isEnabledFor(level):
        to.handle(to.makeRecord(to.name, level, file, line, message, args, None, function))
    return 0


@register("warn")
@may_be_held
def warn(message: str, category: str, file: str, line: int, module: str) -> int:
    """Warn as if from that place; `category` is `module:class`. Without a file, from where the program was called."""
    import importlib
    import sys
    import warnings

    home, _, name = category.partition(":")
    kind = getattr(importlib.import_module(home), name)
    if not file:
        frame = sys._getframe()
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("diptych.", "contextlib")):
            frame = frame.f_back
        file, line, module = frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__", "<unknown>")
    owner = sys.modules.get(module)
    registry = vars(owner).setdefault("__warningregistry__", {}) if owner is not None else {}
    warnings.warn_explicit(message, kind, file, line, module, registry)
    return 0


TELLING: tuple[Callable[..., int], ...] = (say, log, warn)
"""Operations that a run is for, whatever becomes of their result."""
