"""What a caller can see of one call, written down and compared.

An observation has one table for each of `ASPECTS`: from a path such as `result[0]['loss']` to what was found there.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import itertools
import logging
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CellType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.capture.cases import Call

RTOL, ATOL = 1e-5, 1e-6

ASPECTS = {
    "exception": "type and text of what was raised",
    "result": "structure, Python types, dtypes, shapes and values of what was returned",
    "requires_grad": "which returned tensors require gradients, and which are leaves",
    "aliasing": "which returned objects are an argument, a piece of state or an earlier part of the result",
    "lines": "what was printed and logged, in order",
    "arguments": "the arguments after the call",
    "state": "state(program), state_dict, attributes of modules and .grad of parameters after the call",
    "random": "the next draws of torch, numpy and random after the call",
    "modes": "grad mode and default dtype after the call",
    "gradients": "of the sum of all float outputs, for arguments, parameters and state that require them",
    "single_gradients": "the first gradients, asked for without a graph of their own",
    "second_gradients": "of the sum of squares of the first gradients",
}

Table = dict[str, Any]
Program = Callable[..., Any]
Transform = Callable[[Program], Program]


@dataclass(frozen=True)
class Built:
    """A fresh program, its calls, where its outside state is found, and what its caller does before each call."""

    program: Program
    calls: list[Call]
    state: Callable[[Program], Any]
    before_call: Callable[[Program, int], None] = lambda program, number: None


_MODULE_INTERNALS = frozenset(vars(nn.Module())) - {"training"}
_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, range, slice, type(Ellipsis))
_LEAVES = (type, ModuleType, torch.Tensor, np.ndarray, set, frozenset)


def members(value: Any) -> dict[str, Any] | None:
    """What an object consists of: elements, attributes, and of a module its tensors and children; None for a leaf."""
    if isinstance(value, dict):
        names = (f"[{k!r}]" if isinstance(k, (*_PLAIN, tuple)) else f"[#{i}]" for i, k in enumerate(value))
        return dict(zip(names, value.values(), strict=True))
    if isinstance(value, (list, tuple)):
        return {f"[{i}]": v for i, v in enumerate(value)}
    if isinstance(value, nn.Module):
        own = {k: v for k, v in vars(value).items() if k not in _MODULE_INTERNALS}
        return {f".{k}": v for k, v in (own | value._parameters | value._buffers | value._modules).items()}
    if inspect.ismethod(value):
        return {".__self__": value.__self__}
    if inspect.isroutine(value) or isinstance(value, (*_PLAIN, *_LEAVES)):
        return None
    return {f".{k}": v for k, v in getattr(value, "__dict__", {}).items()} or None


def walk(value: Any, path: str, seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Every object inside `value` with its path, containers before their contents; cycles are cut."""
    yield path, value
    if id(value) not in seen:
        for step, member in (members(value) or {}).items():
            yield from walk(member, path + step, seen | {id(value)})


def surroundings(program: Program) -> Any:
    """What of the world outside hangs on a program: the module or object it belongs to, its closure cells."""
    if isinstance(program, functools.partial):
        return {"args": program.args, "keywords": program.keywords, "func": surroundings(program.func)}
    owner = getattr(program, "__self__", program)
    code, cells = getattr(owner, "__code__", None), getattr(owner, "__closure__", None)
    if code is None or cells is None:
        return owner
    filled = {name: cell for name, cell in zip(code.co_freevars, cells, strict=True) if holds_something(cell)}
    return {name: cell.cell_contents for name, cell in filled.items()}


def holds_something(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def tensors(value: Any, path: str) -> dict[str, torch.Tensor]:
    return {p: v for p, v in walk(value, path) if isinstance(v, torch.Tensor)}


def picture(value: Any) -> Any:
    """What is compared of one object: a copy of a tensor, a plain value, else type and names of the members."""
    kind = type(value).__qualname__
    if isinstance(value, torch.Tensor):
        return (kind, value.detach().clone())
    if isinstance(value, (np.ndarray, np.generic)):
        return (kind, str(value.dtype), torch.from_numpy(np.array(value)))
    if isinstance(value, _PLAIN):
        return (kind, value)
    if isinstance(value, (set, frozenset)):
        return (kind, sorted(map(repr, value)))
    if isinstance(value, ModuleType):
        return (kind, value.__name__.split("__")[0])  # a case loaded twice has two names
    if inspect.isroutine(value) or isinstance(value, type):
        return (kind, value.__qualname__)
    names = members(value) or {}
    return (kind, *(names if isinstance(value, dict) else sorted(names)))  # only a dict shows its order


def table(value: Any, path: str) -> Table:
    return {p: picture(v) for p, v in walk(value, path)}


def aliases(result: Any, known: dict[str, Any]) -> Table:
    """Which mutable objects of the result are the very objects seen elsewhere: path to path."""
    names = {id(v): p for p, v in reversed(known.items()) if not isinstance(v, (*_PLAIN, tuple))}
    found: Table = {}
    for path, value in walk(result, "result"):
        if isinstance(value, (*_PLAIN, tuple)):
            continue
        if id(value) in names:
            found[path] = names[id(value)]
        names.setdefault(id(value), path)
    return found


def single_gradients(outputs: list[torch.Tensor], inputs: dict[str, torch.Tensor]) -> Table | None:
    """First gradients alone; None where autograd refuses."""
    outputs = [o for o in outputs if o.requires_grad]
    if not outputs or not inputs:
        return {}
    try:
        total = torch.stack([o.sum().double() for o in outputs]).sum()
        found = torch.autograd.grad(total, list(inputs.values()), retain_graph=True, allow_unused=True)
    except RuntimeError:
        return None
    return {p: picture(g) for p, g in zip(inputs, found, strict=True)}


def gradient_tables(outputs: list[torch.Tensor], inputs: dict[str, torch.Tensor]) -> tuple[Table | None, Table | None]:
    """First and second gradients; None where autograd refuses (a saved tensor was overwritten, say)."""
    outputs = [o for o in outputs if o.requires_grad]
    if not outputs or not inputs:
        return {}, {}
    leaves = list(inputs.values())
    try:
        total = torch.stack([o.sum().double() for o in outputs]).sum()
        first = torch.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
    except RuntimeError:
        return None, None
    first_table = {p: picture(g) for p, g in zip(inputs, first, strict=True)}
    again = [g.square().sum().double() for g in first if g is not None and g.requires_grad]
    if not again:
        return first_table, {p: picture(torch.zeros_like(leaf)) for p, leaf in inputs.items()}
    try:
        second = torch.autograd.grad(torch.stack(again).sum(), leaves, allow_unused=True)
    except RuntimeError:
        return first_table, None
    # Autograd tells "no path" from "a path of derivative zero" only by accident in a second derivative.
    second = [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(second, leaves, strict=True)]
    return first_table, {p: picture(g) for p, g in zip(inputs, second, strict=True)}


def seed(number: int) -> None:
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


@contextlib.contextmanager
def lines_kept() -> Iterator[io.StringIO]:
    """Printed lines and the lines the program logs, in one buffer, in order."""
    buffer = io.StringIO()
    handler = logging.StreamHandler(buffer)
    handler.addFilter(lambda record: not record.name.startswith(("torch", "diptych")))
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(buffer):
            yield buffer
    finally:
        logging.getLogger().removeHandler(handler)


@dataclass
class Observation:
    """One call as its caller saw it; `error` is kept for its traceback and not compared."""

    tables: dict[str, Table | None]
    error: Exception | None = None


def chain(error: BaseException | None) -> list[BaseException]:
    """An exception, what it was raised from, and so on."""
    return [error, *chain(error.__cause__)] if error is not None else []


def observe(running: Program, built: Built, call: Call, number: int) -> Observation:
    """Make the call with known random streams and write down every aspect of it."""
    outside = [surroundings(built.program), built.state(built.program)]
    given = {"args": call.args, "kwargs": call.kwargs}
    known = dict(itertools.chain(walk(given, "call"), walk(outside, "state")))
    wanted = {
        p: t for p, t in (tensors(given, "call") | tensors(outside, "state")).items() if t.requires_grad and t.is_leaf
    }
    result, error = None, None
    seed(number)
    with lines_kept() as lines:
        try:
            result = running(*call.args, **call.kwargs)
            if inspect.isgenerator(result):
                result = {"generator": list(result)}
        except Exception as caught:
            error = caught
    drawn = [torch.rand(2), np.random.rand(2), random.random()]
    modes = [torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()]
    outside = [surroundings(built.program), built.state(built.program)]
    known = dict(walk(outside, "state")) | known
    returned = tensors(result, "result")
    outputs = list(returned.values()) + [t for t in tensors(given, "call").values() if t.grad_fn is not None]
    tables: dict[str, Table | None] = {
        "exception": {"raised": [(type(e).__qualname__, str(e)) for e in chain(error)]} if error else {},
        "result": table(result, "result"),
        "requires_grad": {p: (t.requires_grad, t.is_leaf) for p, t in returned.items()},
        "aliasing": aliases(result, known),
        "lines": dict(enumerate(lines.getvalue().splitlines())),
        "arguments": table(given, "call"),
        "state": table(outside, "state") | {f"{p}.grad": picture(t.grad) for p, t in wanted.items()},
        "random": table(drawn, "next"),
        "modes": table(modes, "modes"),
    }
    if isinstance(running, nn.Module):
        assert tables["state"] is not None
        tables["state"] |= table(running.state_dict(), "state_dict")
    tables["single_gradients"] = single_gradients([t for t in outputs if t.is_floating_point()], wanted)
    tables["gradients"], tables["second_gradients"] = gradient_tables(
        [t for t in outputs if t.is_floating_point()], wanted
    )
    return Observation(tables, error)


@dataclass(frozen=True)
class Difference:
    """Where two observations disagree: call `number`, which aspect, at which path, and what each side had."""

    number: int
    aspect: str
    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"call {self.number}: {self.aspect}: {self.path}: expected {self.expected}, got {self.actual}"


def magnitude(values: Any) -> float:
    """The largest finite number in tensors, containers and numbers; at least 1."""
    if isinstance(values, torch.Tensor):
        finite = values[values.isfinite()].abs() if values.is_floating_point() or values.is_complex() else values[:0]
        return max(1.0, finite.max().item()) if finite.numel() else 1.0
    if isinstance(values, dict):
        return magnitude(tuple(values.values()))
    return max(map(magnitude, values), default=1.0) if isinstance(values, tuple | list) else 1.0


def same(expected: Any, actual: Any, scale: float = 1.0) -> bool:
    """Equal: exactly for integers and booleans, within rounding for floats; NaN equals NaN.

    `scale` is the magnitude of what the numbers were computed from, to which their rounding errors are relative.
    """
    if isinstance(expected, torch.Tensor) and isinstance(actual, torch.Tensor):
        if (expected.dtype, expected.shape, expected.device) != (actual.dtype, actual.shape, actual.device):
            return False
        if not (expected.is_floating_point() or expected.is_complex()):
            return torch.equal(expected, actual)
        scale = max(scale, magnitude(expected))
        return torch.allclose(expected, actual, rtol=RTOL, atol=ATOL * scale, equal_nan=True)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return list(expected) == list(actual) and all(same(expected[k], actual[k], scale) for k in expected)
    if isinstance(expected, (tuple, list)) and isinstance(actual, (tuple, list)):
        return len(expected) == len(actual) and all(same(e, a, scale) for e, a in zip(expected, actual, strict=True))
    if isinstance(expected, float) and isinstance(actual, float):
        return (math.isnan(expected) and math.isnan(actual)) or math.isclose(
            expected, actual, rel_tol=RTOL, abs_tol=ATOL
        )
    return type(expected) is type(actual) and expected == actual


def differences(number: int, expected: Observation, actual: Observation) -> list[Difference]:
    found: list[Difference] = []
    for aspect in ASPECTS:
        want, have = expected.tables[aspect], actual.tables[aspect]
        if want is None:  # not available from the imperative program either
            continue
        if have is None:
            found.append(Difference(number, aspect, "all", "available", "refused by autograd"))
            continue
        scale = magnitude(want) if aspect == "second_gradients" else 1.0
        for path in want | have:
            missing = (path not in want, path not in have)
            if any(missing) or not same(want[path], have[path], scale):
                w, h = want.get(path, "nothing"), have.get(path, "nothing")
                found.append(Difference(number, aspect, path, w, h))
    return found
