"""Recording in-place operations: the functional twin is computed, and the memory of the tensor gets its result."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.operations import FORGETFUL, Operations
from diptych.capture.tensors import attach, handle, leaves, requires_grad, write

aten = torch.ops.aten

TWINS: dict[str, Any] = {
    "bernoulli_.float": aten.bernoulli.p,
    "normal_": aten.normal_functional.default,
    "zero_": aten.zeros_like.default,
}


class Writes(Operations):
    """Operations that write to their arguments."""

    def mutate(self, func: Any, args: Any, kwargs: Any) -> Any:
        """An in-place operation: its functional twin, and a write."""
        tape = self.tape
        written = [a for s, a in zip(func._schema.arguments, self.bound(func, args, kwargs), strict=True)
                   if s.alias_info is not None and s.alias_info.is_write and a is not None]  # fmt: skip
        twin = functional_twin(func)
        if torch.Tag.inplace_view in func.tags and twin is not None:
            return self.reshape_in_place(func, twin, args, kwargs)
        if twin is None or not written:
            raise tape.refuse("mutation", str(func))
        if "out" in [a.name for a in func._schema.arguments if a.is_out]:
            kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        if twin is aten.bernoulli.p and len(args) == 1 and "p" not in kwargs:  # the twin has no default
            args = (*args, func._schema.arguments[1].default_value)
        self.check_leaf(written)
        inputs = leaves((args, kwargs))
        value = self.run(twin, args, kwargs)
        values = list(value) if isinstance(value, tuple | list) else [value]
        targets = [t for w in written for t in (w if isinstance(w, list | tuple) else [w])]
        node = self.emit(twin, args, kwargs)
        grad = twin not in FORGETFUL and any(requires_grad(i) for i in inputs)
        bare = isinstance(value, torch.Tensor)
        node.meta["spec"] = tape.spec(value) if bare else tuple(tape.spec(v) for v in values)
        for index, (target, new) in enumerate(zip(targets, values, strict=True)):
            part = node if bare else tape.item(node, index, tape.spec(new))
            if tuple(new.shape) != tuple(target.shape) and not all(
                tape.known(a == b) for a, b in zip(new.shape, target.shape, strict=True)
            ):
                self.run(func, args, kwargs)
                raise tape.refuse("mutation", f"{func} changes the shape of its argument")
            if new.dtype != target.dtype:
                part = tape.emit(aten.to.dtype, (part, target.dtype), None, tape.spec(target))
            write(tape, target, part, grad)
        if not func._schema.returns:
            return None
        return written[0] if len(written) == 1 else tuple(written)

    def reshape_in_place(self, func: Any, twin: Any, args: Any, kwargs: Any) -> Any:
        """`x.unsqueeze_(0)`: from now on `x` is the view."""
        tensor = args[0]
        known = handle(tensor)
        if known.store.depth < self.tape.region.depth or known.store.external is not None:
            raise self.tape.refuse("mutation", f"{func} of a tensor from outside")
        old = self.run(aten.alias.default, (tensor,), {})
        attach(old, known)
        with self:
            made = twin(old, *args[1:], **kwargs)
        self.run(func, args, kwargs)
        attach(tensor, handle(made))
        return tensor

    def bound(self, func: Any, args: Any, kwargs: Any) -> list[Any]:
        """The arguments in the order of the schema."""
        found: list[Any] = []
        for index, argument in enumerate(func._schema.arguments):
            found.append(args[index] if index < len(args) else kwargs.get(argument.name))
        return found

    def check_leaf(self, written: list[Any]) -> None:
        """Autograd forbids writing to a leaf that requires a gradient."""
        for target in leaves(written):
            store = handle(target).store
            if not requires_grad(target):
                continue
            external = store.external
            if external is not None and torch.is_grad_enabled() and external.leaf and store.version == 0:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def functional_twin(func: Any) -> Any:
    """The operation without the write: `add.Tensor` for `add_.Tensor` and `add.out`."""
    name = func._schema.name.split("::")[1]
    base = name[:-1] if name.endswith("_") and not name.endswith("__") else name
    for known in (name, f"{name}.{func._overloadname}"):
        if known in TWINS:
            return TWINS[known]
    packet = getattr(getattr(torch.ops, func.namespace), base, None)
    if packet is None:
        return None
    wanted = [a.name for a in func._schema.arguments if not a.is_out]
    best = getattr(packet, func._overloadname, None) if not any(a.is_out for a in func._schema.arguments) else None
    types = [str(a.type) for a in func._schema.arguments if not a.is_out]
    if best is not None and not best._schema.is_mutable and [str(a.type) for a in best._schema.arguments] == types:
        return best
    for overload in packet.overloads():
        candidate = getattr(packet, overload)
        arguments = candidate._schema.arguments
        fits = [a.name for a in arguments] == wanted and [str(a.type) for a in arguments] == types
        if fits and not candidate._schema.is_mutable:
            return candidate
    return None
