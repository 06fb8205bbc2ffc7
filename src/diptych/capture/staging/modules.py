"""Modules: torch's own layers run as they are, others through their transformed `forward`; hooks are run with them."""

from __future__ import annotations

import operator
from typing import Any

import torch

from diptych.capture.sources import CallAgain, Source
from diptych.capture.staging.attributes import Attributes, class_attribute
from diptych.capture.staging.names import looked_at
from diptych.capture.staging.native import Native
from diptych.capture.trail import AttributePlace
from diptych.capture.values import Original, Scalar, Union

HOOK_TABLES = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
global_tables = operator.itemgetter(*(f"_global{name}" for name in HOOK_TABLES))


class Modules(Native, Attributes):
    """Calls of modules."""

    def module(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module: torch's own layers run as they are, others through their transformed `forward`."""
        kind = type(module)
        call = class_attribute(kind, "__call__")
        if call is not torch.nn.Module.__dict__["__call__"] and self.transforms(call):
            return self.call(call, module, *args, **kwargs)
        if kind is torch.nn.DataParallel and not module.device_ids:
            self.read(module, "device_ids", module.device_ids)
            return self.call(self.getattr(module, "module"), *args, **kwargs)
        if kind.__module__.startswith(("torch.nn.parallel", "torch.distributed")):
            raise self.tape.refuse("outside-world", f"{kind.__name__} talks to other processes or devices")
        self.read_global_hooks()
        if torch_layer(kind) and not hooked(module) and "forward" not in module.__dict__:
            self.read_layer(module)
            self.world.missing(module, "forward")
            return self.native(module, args, kwargs)
        forward = self.getattr(module, "forward")
        self.read_hooks(module)
        if not hooked(module):
            return self.call(forward, *args, **kwargs)
        return self.call(torch.nn.Module._call_impl, module, *args, **kwargs)

    def read_global_hooks(self) -> None:
        """Hooks that torch runs for every module."""
        if "global hooks" not in self.world.numbers:
            self.world.numbers["global hooks"] = None
            self.world.enter(global_hooks(), Source("torch's global hooks", None, CallAgain(global_hooks, (), ())))

    def read_hooks(self, module: torch.nn.Module) -> None:
        """Hooks added or removed later change what a call means."""
        for name in HOOK_TABLES:
            table = module.__dict__.get(name)
            if isinstance(table, dict):
                self.read(module, name, table)

    def read_layer(self, module: torch.nn.Module) -> None:
        """Everything a layer of torch reads from itself."""
        self.read_hooks(module)
        for part in module.modules():
            for name, value in list(part.__dict__.items()):
                if isinstance(value, Original | Union | Scalar):
                    self.settle_attribute(part, name, looked_at(value))
            for name, value in list(part.__dict__.items()):
                plain = isinstance(value, bool | int | float | str | tuple | type(None) | torch.Tensor)
                if plain and (not name.startswith("_") or name == "_qkv_same_embed_dim"):
                    self.read_part(part, module, name, value)
            for table in (part._parameters, part._buffers):
                for name, value in list(table.items()):
                    self.read_part(part, module, name, value)

    def settle_attribute(self, owner: Any, name: str, value: Any) -> None:
        """An attribute that torch's own code will read must be a plain value."""
        if isinstance(value, Union | Scalar):
            raise self.tape.refuse("opaque-conversion", f"{type(owner).__name__}.{name} depends on a tensor")
        self.tape.trail.write(AttributePlace(owner, name), value)

    def read_part(self, part: torch.nn.Module, whole: torch.nn.Module, name: str, value: Any) -> None:
        if part is not whole and id(part) not in self.world.sources:
            for prefix, inner in whole.named_modules():
                if inner is part:
                    owner = whole
                    for step in prefix.split("."):
                        self.read(owner, step, getattr(owner, step))
                        owner = getattr(owner, step)
        self.read(part, name, value)


def torch_layer(kind: type) -> bool:
    """Whether a module's class is a layer of torch with no modules of the user inside."""
    module = kind.__module__
    if not module.startswith("torch.nn") or module.startswith(
        ("torch.nn.modules.container", "torch.nn.modules.transformer")
    ):
        return False
    return not module.startswith("torch.nn.utils")


def global_hooks() -> int:
    """How many hooks torch runs for every module."""
    return sum(map(len, global_tables(vars(torch.nn.modules.module))))


def hooked(module: torch.nn.Module) -> bool:
    """Whether calling a module runs hooks."""
    own = any(module.__dict__.get(name) for name in HOOK_TABLES)
    return (
        own
        or any(global_tables(vars(torch.nn.modules.module)))
        or getattr(module, "_compiled_call_impl", None) is not None
    )
