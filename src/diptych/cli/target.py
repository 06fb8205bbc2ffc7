"""The TARGET of a command: `file.py:name`, or a file with a saved graph."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any

import torch
from torch import nn

from diptych.cli.loading import load, raised
from diptych.cli.problem import Problem
from diptych.hybrid.hybridize import HybridFunction, HybridMethod, HybridModule

SEED = 0
"""What torch is seeded with before a file is loaded, so that its random weights are the same every time."""


@dataclass(frozen=True)
class Target:
    """Where a program is: `name` (dots allowed) in the Python file at `path`; no name for a saved graph."""

    path: Path
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.name}" if self.name else str(self.path)


@dataclass(frozen=True)
class Program:
    """Something that can be called: `call`, found at `target`, in a copy of its file loaded as `module`."""

    target: Target
    module: ModuleType
    call: Callable[..., Any]


def parse(text: str) -> Target:
    """The target that `text` names; raises `Problem` if there is no such file, or a name in it is needed."""
    file, name = text.rsplit(":", 1) if ":" in text else (text, "")
    path = Path(file)
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise Problem(
            f"there is no file {path}" if not path.is_dir() else f"{path} is a folder, not a file",
            where=text,
            why=_near(path.name, siblings),
            remedy="give file.py:name, or the file of a saved graph",
        )
    if path.suffix == ".py" and not name:
        raise Problem(
            f"{path} alone does not say which program is meant",
            where=text,
            remedy=f"give {path}:name{_one_of(load(path))}",
        )
    return Target(path, name)


def find(target: Target) -> Program:
    """The program at `target`, in a fresh copy of its file: two calls give two programs that share nothing."""
    torch.manual_seed(SEED)
    module = load(target.path)
    found: Any = module
    for part in target.name.split("."):
        if not hasattr(found, part):
            choices = _names(module) if found is module else [n for n in dir(found) if not n.startswith("_")]
            raise Problem(
                f"{target.path} has no {target.name}",
                where=str(target),
                why=_near(part, choices) or f"nothing called {part!r} is defined there",
                remedy=f"give {target.path}:name{_one_of(module)}",
            )
        found = getattr(found, part)
    return Program(target, module, _imperative(_callable(found, target)))


def _imperative(call: Any) -> Callable[..., Any]:
    """The program itself, where `call` is its hybridized form."""
    match call:
        case HybridModule():
            return call._module
        case HybridMethod():
            return MethodType(call.function._hybrid.function, call.owner)
        case HybridFunction():
            return call._hybrid.function
        case _:
            return call


def _callable(found: Any, target: Target) -> Callable[..., Any]:
    remedy = "give a function, an nn.Module, or a method of an object made in the file"
    if inspect.isclass(found):
        if not issubclass(found, nn.Module):
            raise Problem(f"{target} is a class, not a program", str(target), remedy=remedy)
        if missing := required(found):
            raise Problem(
                f"{target} cannot be made without arguments",
                where=str(target),
                why=f"{found.__name__} needs {', '.join(missing)}",
                remedy="make an instance in the file and give its name",
            )
        try:
            found = found()
        except Exception as error:
            raise raised(error, target.path, f"while {found.__name__}() was made") from error
    if not callable(found):
        raise Problem(f"{target} is of type {type(found).__name__} and cannot be called", str(target), remedy=remedy)
    return found


def signature(call: Callable[..., Any]) -> inspect.Signature | None:
    """What arguments `call` takes, those of `forward` for a module; None if Python does not know."""
    try:
        return inspect.signature(call.forward if isinstance(call, nn.Module) else call)
    except (TypeError, ValueError):
        return None


def required(call: Callable[..., Any]) -> list[str]:
    """The names of the parameters that every call must give."""
    known = signature(call)
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return (
        [p.name for p in known.parameters.values() if p.default is p.empty and p.kind not in optional] if known else []
    )


def _names(module: ModuleType) -> list[str]:
    """What in `module` could be a target: the functions, classes of modules and modules that it defines."""
    here = [(n, v) for n, v in vars(module).items() if not n.startswith("_")]
    return [n for n, v in here if isinstance(v, nn.Module) or _is_program(v, module)]


def _is_program(value: Any, module: ModuleType) -> bool:
    if getattr(value, "__module__", None) != module.__name__:
        return False
    return issubclass(value, nn.Module) if inspect.isclass(value) else callable(value)


def _near(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {close[0]}?" if close else ""


def _one_of(module: ModuleType) -> str:
    names = _names(module)
    return f"; the file defines {', '.join(names)}" if names else ""
