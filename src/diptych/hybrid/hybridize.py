"""`diptych.hybridize`: a program that runs as graphs where it can and imperatively where it must."""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable
from typing import Any, Literal, overload

import torch

from diptych.capture.program import binder
from diptych.graph.program import SymbolicGraph
from diptych.hybrid.life import Hybrid, defaults_of
from diptych.hybrid.report import Report
from diptych.hybrid.stats import Stats
from diptych.hybrid.tiers import BACKENDS

Backend = Literal["auto", "eager", "native", "inductor", "onnxruntime"]

FORWARD, BEFORE, BACKWARD, BEFORE_BACKWARD = HOOK_TABLES = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


class HybridFunction:
    """A hybridized function; also a method, when it stands in a class."""

    def __init__(self, function: Any, speculate: bool, backend: str = "eager") -> None:
        self._hybrid = Hybrid(function, speculate, backend)
        self.speculate, self.backend = speculate, backend
        if isinstance(function, types.FunctionType | types.MethodType):
            functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._hybrid.run(self._hybrid.function, args, kwargs)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else HybridMethod(self, owner)

    @property
    def stats(self) -> Stats:
        """Counters."""
        return self._hybrid.stats

    @property
    def graphs(self) -> list[SymbolicGraph]:
        """The graphs captured so far."""
        return self._hybrid.graphs

    def report(self) -> Report:
        """What was captured, what was refused and why."""
        return self._hybrid.report()

    def __repr__(self) -> str:
        return f"<hybridized {getattr(self._hybrid.function, '__qualname__', self._hybrid.function)!s}>"


class HybridMethod:
    """A hybridized method bound to its object."""

    def __init__(self, function: HybridFunction, owner: Any) -> None:
        self.function, self.owner = function, owner

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        hybrid = self.function._hybrid
        bound = types.MethodType(hybrid.function, self.owner)
        if not hybrid.binds_method:
            hybrid.bind = binder(bound)
            hybrid.defaults = defaults_of(bound)
            hybrid.binds_method = True
        return hybrid.run(bound, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)


class HybridModule(torch.nn.Module):
    """A module around the user's module: same parameters, same `state_dict`, attributes read and written through."""

    def __init__(self, module: torch.nn.Module, speculate: bool, backend: str = "eager") -> None:
        super().__init__()
        own = self.__dict__
        for table in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
            own[table] = module.__dict__[table]
        del own["training"]
        own["_hybrid"] = Hybrid(module, speculate, backend)
        own["_called"] = False
        own["_module"] = module
        own["speculate"] = speculate
        own["backend"] = backend

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        own = self.__dict__
        if not (own[FORWARD] or own[BEFORE] or own[BACKWARD] or own[BEFORE_BACKWARD]):
            return own["_hybrid"].run(own["_module"], args, kwargs)
        self.__dict__["_called"] = True
        try:
            return super().__call__(*args, **kwargs)
        finally:
            self.__dict__["_called"] = False

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The module's `forward`: as part of a call by a graph, by itself (without the module's hooks) imperatively."""
        if self.__dict__["_called"]:
            return self._hybrid.run(self._module, args, kwargs)
        return self._module.forward(*args, **kwargs)

    @property
    def stats(self) -> Stats:
        """Counters."""
        return self._hybrid.stats

    @property
    def graphs(self) -> list[SymbolicGraph]:
        """The graphs captured so far."""
        return self._hybrid.graphs

    def report(self) -> Report:
        """What was captured, what was refused and why."""
        return self._hybrid.report()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_module"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__dict__["_module"], name)

    def train(self, mode: bool = True) -> HybridModule:
        """Training mode, of the user's module."""
        self._module.train(mode)
        return self

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The user's module's."""
        return self._module.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Into the user's module."""
        return self._module.load_state_dict(*args, **kwargs)

    def _apply(self, fn: Any, recurse: bool = True) -> HybridModule:
        self._module._apply(fn, recurse)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HybridModule:
        return HybridModule(copy.deepcopy(self._module, memo), self.speculate, self.backend)

    def __reduce__(self) -> Any:
        return HybridModule, (self._module, self.speculate, self.backend)

    def __repr__(self) -> str:
        return f"hybridized {self._module!r}"


@overload
def hybridize(  # pyright: ignore[reportOverlappingOverload]  (a module is a callable too, and comes first)
    fn: torch.nn.Module, *, speculate: bool = ..., backend: Backend = ...
) -> HybridModule: ...
@overload
def hybridize(fn: Callable[..., Any], *, speculate: bool = ..., backend: Backend = ...) -> HybridFunction: ...
@overload
def hybridize(fn: None = None, *, speculate: bool = ..., backend: Backend = ...) -> Callable[[Any], Any]: ...
def hybridize(fn: Any = None, *, speculate: bool = True, backend: Backend = "auto") -> Any:
    """Make a program run as symbolic graphs, with the behaviour of the imperative program.

    Use it as a function, as a decorator (with or without arguments), or on an `nn.Module`. The first call is imperative
    and observed; the second, and later the first one for new argument types, captures a graph; calls that pass its
    guards run it; what cannot be captured runs imperatively and is named in `.report()`.

    Args:
        fn: a function, method, callable object or `nn.Module`.
        speculate: where a program cannot be captured with all its paths, capture the path of the call: what was decided
            on the way is assumed, and checked when the graph runs. If False, nothing is assumed about tensor values,
            and no call is observed: the first one captures.
        backend: how graphs run. `auto`: calls of the imperative program and of the graph are timed in turns, with
            their backward passes, and the faster one stays; native code is made in the background, and stays if it is
            faster still. `eager`: operation by operation, with the results of imperative PyTorch bit for bit.
            `native`: as C, compiled at the first call; results differ in the last bits, because sums are added up in
            another order. `inductor`: by PyTorch's compiler, which is also what `auto` measures for tensors on a GPU.
            `onnxruntime`: by ONNX Runtime, calls without gradients only. What a backend refuses runs operation by
            operation; the report says why.

    Returns:
        A callable with `.stats`, `.graphs` and `.report()`; for a module, an `nn.Module` around the same object.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend is one of {', '.join(BACKENDS)}, not {backend!r}")
    if fn is None:
        return lambda f: hybridize(f, speculate=speculate, backend=backend)
    if isinstance(fn, HybridFunction | HybridModule):
        return fn
    if isinstance(fn, torch.nn.Module):
        return HybridModule(fn, speculate, backend)
    if isinstance(fn, type) or not callable(fn):
        raise TypeError(f"hybridize takes a function, a callable object or an nn.Module, not {fn!r}")
    return HybridFunction(fn, speculate, backend)
