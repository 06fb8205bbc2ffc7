"""Many facts in one call into torch: what its private guard managers can do for us, and what does it without them.

Only this file knows them. They are tried once, on objects whose answers are known; where one is missing or answers
wrongly, tensors are compared in Python, and nothing is watched.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch._C._dynamo import guards as managers
from torch._dynamo.guards import GuardManagerType

from diptych.capture.guards import TensorFacts

Check = Callable[[tuple[Any, ...]], bool]
NO_REASON: tuple[list[str], None] = ([""], None)
"""What a manager would say if asked why; nobody asks."""


def tensor_check(facts: list[TensorFacts], seen: list[torch.Tensor]) -> Check:
    """Whether tensors have all these facts; `seen` are tensors that do.

    May raise instead of saying no: then `recover`.
    """
    if not works():
        return lambda tensors: all(fact.hold(tensor) for fact, tensor in zip(facts, tensors, strict=True))
    return match(facts, seen)


def match(facts: list[TensorFacts], seen: list[torch.Tensor]) -> Check:
    """The same by one manager."""
    root: Any = managers.RootGuardManager()
    for index, (fact, tensor) in enumerate(zip(facts, seen, strict=True)):
        place = child(root, index, tensor)
        keys = torch._C._dispatch_keys(tensor)
        place.add_tensor_match_guard(
            tensor, list(fact.shape), strides(fact, tensor), "", *NO_REASON, type(tensor), keys
        )
    return root.check


def recover() -> None:
    """After a check has raised (a nested tensor has no sizes): torch functions, disabled in it, are enabled again."""
    core: Any = torch._C
    core._set_torch_function_state(core._TorchFunctionState.ENABLED)


def global_state() -> Callable[[], bool] | None:
    """What tells whether torch's modes and settings are what they are now; None if nothing does."""
    if not works() or not notices_modes():
        return None
    return managers.GlobalStateGuard().check


@functools.cache
def notices_modes() -> bool:
    """Whether a guard of the global state notices what decides what a program means."""
    try:
        guard: Any = managers.GlobalStateGuard()
        grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
        kinds = ("cpu", "cuda")
        before = [torch.is_autocast_enabled(kind) for kind in kinds]
        seen = [not guard.check()]
        try:
            torch._C._set_grad_enabled(not grad)
            seen.append(guard.check())
            torch._C._set_grad_enabled(grad)
            torch.set_default_dtype(torch.float64 if dtype is not torch.float64 else torch.float32)
            seen.append(guard.check())
            torch.set_default_dtype(dtype)
            for kind, on in zip(kinds, before, strict=True):
                torch.set_autocast_enabled(kind, not on)
                seen.append(guard.check())
                torch.set_autocast_enabled(kind, on)
            with torch._C.DisableTorchFunction():
                seen.append(guard.check())
        finally:
            torch._C._set_grad_enabled(grad)
            torch.set_default_dtype(dtype)
            for kind, on in zip(kinds, before, strict=True):
                torch.set_autocast_enabled(kind, on)
        return not any(seen) and guard.check()
    except Exception:
        return False


def strides(facts: TensorFacts, seen: torch.Tensor) -> list[int | None]:
    """The strides that a tensor needs to have: None where they do not matter."""
    if facts.stride is None:
        return [None] * len(facts.shape)
    everywhere = seen.numel() == 0
    return [s if everywhere or n != 1 else None for s, n in zip(facts.stride, facts.shape, strict=True)]


def child(manager: Any, index: int, value: Any) -> Any:
    """The manager of one item of a tuple."""
    return manager.tuple_getitem_manager(index, f"[{index}]", value, GuardManagerType.GUARD_MANAGER)


class Watch:
    """Objects that are still of their classes, and dicts that nobody has written to since.

    Python counts the writes to each dict: as long as the count is the same, every key has the very value that it had.
    Nothing is said about what those values contain. `volatile` are the ids of dicts that change too often to be
    watched; nothing is watched if that is not `possible`.
    """

    def __init__(self, volatile: set[int], possible: bool) -> None:
        self.volatile = volatile
        self.root: Any = managers.RootGuardManager() if possible else None
        self.things: list[Any] = []
        self.versions: dict[int, tuple[dict[Any, Any], int]] = {}
        self.classes: dict[int, type] = {}

    def object(self, owner: Any) -> dict[str, Any] | None:
        """The table of an object's attributes if it is watched from now on, with the object's class."""
        own = table_of(owner)
        if self.root is None or own is None or id(own) in self.volatile:
            return None
        if id(owner) not in self.classes:
            place = self.add(owner)
            place.add_type_match_guard(id(type(owner)), *NO_REASON)
            self.pin(place.get_generic_dict_manager("", own, GuardManagerType.GUARD_MANAGER), own)
            self.classes[id(owner)] = type(owner)
        return own

    def table(self, table: Any) -> bool:
        """Whether a dict is watched from now on."""
        if self.root is None or not isinstance(table, dict) or id(table) in self.volatile:
            return False
        if id(table) not in self.versions:
            self.pin(self.add(table), table)
        return True

    def add(self, thing: Any) -> Any:
        """The manager of one more object."""
        self.things.append(thing)
        return child(self.root, len(self.things) - 1, thing)

    def pin(self, place: Any, table: dict[Any, Any]) -> None:
        """A dict is to stay as it is now."""
        self.versions.setdefault(id(table), (table, managers.dict_version(table)))
        place.add_dict_version_guard(table, *NO_REASON)

    def changed(self) -> set[int]:
        """The ids of the dicts that were written to."""
        return {key for key, (table, version) in self.versions.items() if managers.dict_version(table) != version}


def table_of(owner: Any) -> dict[str, Any] | None:
    """The dict in which an object keeps its attributes, if it is an ordinary one."""
    try:
        own = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return None
    return own if type(own) is dict and owner.__dict__ is own else None


@functools.cache
def works() -> bool:
    """Whether the managers are there, and notice what they have to."""
    try:
        recover()
        with torch.inference_mode(False):
            return notices_tensors() and all(notices(change) for change in CHANGES)
    except Exception:
        return False


def notices_tensors() -> bool:
    """Whether tensors are told apart."""
    good = torch.zeros(2, 3)
    check = match([TensorFacts(good.dtype, good.device, (2, 3), (3, 1), False, torch.Tensor)], [good])
    wrong = [
        torch.zeros(2, 4),
        torch.zeros(3, 3),
        torch.zeros(2, 3, 1),
        torch.zeros(2, 3, dtype=torch.int64),
        torch.zeros(3, 2).t(),
    ]
    wrong += [torch.zeros(2, 3, requires_grad=True), torch.nn.Parameter(good, False), torch.zeros(2, 3, device="meta")]
    return check((good,)) and check((torch.ones(2, 3),)) and not any(check((value,)) for value in wrong)


class Probe:
    """An object to try a watch on."""


class OtherProbe:
    """Another class of the same layout."""


CHANGES: dict[str, Callable[[Any], Any]] = {
    "value": lambda probe: setattr(probe, "number", 2),
    "new": lambda probe: setattr(probe, "other", 1),
    "removed": lambda probe: delattr(probe, "number"),
    "in the table": lambda probe: probe.__dict__.update(number=1.0),
    "of the table": lambda probe: setattr(probe, "__dict__", dict(probe.__dict__)),
    "class": lambda probe: setattr(probe, "__class__", OtherProbe),
    "item": lambda probe: probe.table.update(key=2),
    "items": lambda probe: probe.table.clear(),
}


def notices(change: str) -> bool:
    """Whether a watch holds until something is changed."""
    probe: Any = Probe()
    probe.number, probe.table = 1, {"key": 1}
    watch = Watch(set(), possible=True)
    watched = watch.object(probe) is probe.__dict__ and watch.table(probe.table)
    before = watch.root.check(tuple(watch.things))
    CHANGES[change](probe)
    return watched and before and not watch.root.check(tuple(watch.things))
