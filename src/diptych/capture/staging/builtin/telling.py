"""Logging and warnings: told when the graph has run, in order with printed lines, from the user's own line."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch

from diptych.capture.sources import CallAgain, Source
from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.staging.recursion import Recursion
from diptych.capture.syntax.build import INTERPRETER
from diptych.capture.tensors import node_of
from diptych.capture.values import Scalar
from diptych.graph.spec import NumberSpec
from diptych.graph.telling import log, warn

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}
ASKING = (logging.Logger.isEnabledFor, logging.Logger.getEffectiveLevel, logging.Logger.hasHandlers)
PLAIN = (bool, int, float, str, type(None))
INLINE = Recursion.inline.__code__


@dataclass(frozen=True)
class Place:
    """Where something is told from."""

    file: str = ""
    line: int = 0
    function: str = ""
    module: str = ""


def place(level: int) -> Place:
    """The line of the user that runs now, or with a `level` above 1 that of a caller; nothing outside the program."""
    frame = user_frame(sys._getframe(1))
    for _ in range(level - 1):
        while frame is not None and frame.f_code is not INLINE:
            frame = frame.f_back
        frame = user_frame(frame)
    if frame is None:
        return Place()
    code = frame.f_code
    return Place(code.co_filename, frame.f_lineno, code.co_name, frame.f_globals.get("__name__", ""))


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The frame itself or the next one below that runs a transformed function."""
    while frame is not None and INTERPRETER not in frame.f_code.co_freevars:
        frame = frame.f_back
    return frame


def logged(stager: Any, name: str, level: Any, message: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """A record for the logger of that name."""
    if any(kwargs.get(key) for key in ("exc_info", "stack_info", "extra")) or type(level) is not int:
        raise stager.tape.refuse("outside-world", "a log record with exc_info, stack_info or extra")
    at = place(kwargs.get("stacklevel", 1))
    message = stager.resolve(message)
    if isinstance(message, torch.Tensor | Scalar) or not isinstance(message, str):
        message = stager.format(message, ord("s"), "")
    operands = (name, level, operand(stager, message), tuple(operand(stager, arg) for arg in args))
    stager.tape.emit(log, (*operands, at.file, at.line, at.function), None, NumberSpec("int"))


def operand(stager: Any, value: Any) -> Any:
    """What a log record is about, as an operand of the graph."""
    value = stager.resolve(value)
    if isinstance(value, Scalar):
        return value.node
    if isinstance(value, torch.Tensor):
        return node_of(stager.tape, stager.traced(value))
    if isinstance(value, PLAIN):
        return value
    raise stager.tape.refuse("outside-world", f"a log record that holds a {type(value).__name__}")


def logger_name(stager: Any, logger: logging.Logger) -> str:
    """The name under which `logging` finds a logger."""
    if logging.getLogger(logger.name) is not logger:
        raise stager.tape.refuse("outside-world", "a logger that logging.getLogger does not know")
    return logger.name


def method(name: str) -> None:
    """The meaning of `logger.info` and `logging.info`, and of their like."""

    @meaning(getattr(logging.Logger, name))
    def of_logger(stager: Any, logger: Any, message: Any, *args: Any, **kwargs: Any) -> None:
        logged(stager, logger_name(stager, logger), LEVELS[name], message, args, kwargs)

    @meaning(getattr(logging, name))
    def of_module(stager: Any, message: Any, *args: Any, **kwargs: Any) -> None:
        logged(stager, "", LEVELS[name], message, args, kwargs)


for level_name in ("debug", "info", "warning", "error", "critical"):
    method(level_name)


@meaning(logging.Logger.log)
def logger_log(stager: Any, logger: Any, level: Any, message: Any, *args: Any, **kwargs: Any) -> None:
    """`logger.log(level, ...)`."""
    logged(stager, logger_name(stager, logger), level, message, args, kwargs)


@meaning(logging.getLogger)
def get_logger(stager: Any, name: str | None = None) -> Any:
    """`logging.getLogger(name)`."""
    source = Source(f"logging.getLogger({name!r})", None, CallAgain(logging.getLogger, (name,), ()))
    return stager.world.enter(logging.getLogger(name), source)


def asks(function: Any) -> None:
    """The meaning of a question to a logger: the answer is relied on."""

    @meaning(function)
    def answer(stager: Any, logger: Any, *args: Any) -> Any:
        source = Source(f"{logger.name}.{function.__name__}(...)", None, CallAgain(function, (logger, *args), ()))
        return stager.world.enter(function(logger, *args), source)


for question in ASKING:
    asks(question)


@meaning(warnings.warn)
def warned(stager: Any, message: Any, category: Any = None, stacklevel: int = 1, source: Any = None) -> None:
    """`warnings.warn(text, category, stacklevel)`."""
    message = stager.resolve(message)
    kind = UserWarning if category is None else category
    if isinstance(message, Warning):
        raise stager.tape.refuse("outside-world", "warn() of an object; give the text and its class")
    home = importlib.import_module(kind.__module__)
    if source is not None or getattr(home, kind.__qualname__, None) is not kind:
        raise stager.tape.refuse("outside-world", f"a warning of the class {kind.__qualname__}, which is in no module")
    at = place(stacklevel)
    text = operand(stager, message)
    stager.tape.emit(
        warn, (text, f"{kind.__module__}:{kind.__qualname__}", at.file, at.line, at.module), None, NumberSpec("int")
    )
