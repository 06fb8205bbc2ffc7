"""What torch's own Python layer does during a trace: properties and methods that a fake tensor cannot answer."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from diptych.capture.guards import Guard, Leaf
from diptych.capture.staging.builtin.tensor_methods import tensor_tolist
from diptych.capture.staging.gradients import backward, is_leaf, read_gradient, write_gradient
from diptych.capture.staging.native import SIZED
from diptych.capture.tensors import handle, requires_grad
from diptych.capture.values import Scalar

T = torch.Tensor
PROPERTIES: Any = torch.Tensor
"""Its attributes are descriptors (torch's stubs take them for values)."""
Answer = Callable[..., Any]
ANSWERS: dict[Any, Answer] = {}


def answers(*functions: Any) -> Callable[[Answer], Answer]:
    """Register how a function of torch is answered during a trace."""

    def register(answer: Answer) -> Answer:
        for function in functions:
            ANSWERS[function] = answer
        return answer

    return register


class CallMode(TorchFunctionMode):
    """Answers what the dispatcher never sees; symbolic numbers among arguments become torch's own."""

    def __init__(self, stager: Any) -> None:
        super().__init__()
        self.stager = stager

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        answer = ANSWERS.get(func)
        if answer is not None:
            return answer(self.stager, func, *args, **kwargs)
        if kwargs.get("requires_grad") is True:
            made = self.stager.make_leaf(func(*args, **{**kwargs, "requires_grad": False}))
            return made
        if func in SIZED:
            args = tuple(self.stager.size_of(a) for a in args)
        leaves = pytree.tree_leaves((args, kwargs))
        if any(isinstance(v, Scalar) for v in leaves):
            args, kwargs = self.stager.arguments(tuple(args)), self.stager.arguments(kwargs)
        return func(*args, **kwargs)


@answers(T.item)
def answer_item(stager: Any, func: Any, tensor: T) -> Any:
    """`x.item()`."""
    return stager.number_of(tensor)


@answers(T.narrow, torch.narrow)
def answer_narrow(stager: Any, func: Any, tensor: T, dim: Any, start: Any, length: Any) -> T:
    """`x.narrow(...)`: PyTorch raises where it goes beyond the end, a graph of sizes that only data decide does not."""
    if any(isinstance(value, Scalar | torch.SymInt | T) for value in (start, length)):
        raise stager.tape.refuse("data-dependent-shape", "narrow() from a number, or as far as one, that data decide")
    return func(tensor, dim, start, length)


@answers(T.tolist)
def answer_tolist(stager: Any, func: Any, tensor: T) -> Any:
    """`x.tolist()`."""
    return tensor_tolist(stager, tensor)


@answers(T.__bool__)
def answer_bool(stager: Any, func: Any, tensor: T) -> bool:
    """The truth of a tensor in code that is not transformed."""
    truth = stager.truth(tensor)
    if isinstance(truth, bool):
        return truth
    raise stager.tape.refuse("opaque-conversion", "bool() of a tensor")


CONVERSIONS: dict[Any, Callable[[Any], Any]] = {
    T.__int__: int, T.__float__: float, T.__index__: operator.index, T.__complex__: complex,
}  # fmt: skip


@answers(T.__int__, T.__float__, T.__index__, T.__complex__, T.__format__, T.__repr__)
def answer_conversion(stager: Any, func: Any, tensor: T, *args: Any, **kwargs: Any) -> Any:
    """The value of a tensor in code that is not transformed."""
    convert = CONVERSIONS.get(func)
    if stager.tape.speculation is not None and convert is not None:
        return convert(stager.number_of(tensor))
    raise stager.tape.refuse("opaque-conversion", f"{func.__name__.strip('_')}() of a tensor")


@answers(T.numpy, T.__array__, T.data_ptr, T.storage, T.untyped_storage, T.__dlpack__)
def answer_data(stager: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Raw data."""
    raise stager.tape.refuse("tensor-to-numpy", func.__name__)


@answers(torch.autograd.grad)
def answer_grad(
    stager: Any, func: Any, outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Any = None,
    create_graph: bool = False, allow_unused: Any = None, **others: Any
) -> Any:  # fmt: skip
    """`torch.autograd.grad` of values inside the program: taken by PyTorch when the graph runs."""
    if allow_unused or any(others.get(n) for n in ("is_grads_batched", "materialize_grads")):
        raise stager.tape.refuse("autograd-inside", "autograd.grad with allow_unused, materialize_grads or batches")
    several = [tuple(v) if isinstance(v, tuple | list) else (v,) for v in (outputs, inputs)]
    seeds = (
        None
        if grad_outputs is None
        else tuple(grad_outputs)
        if isinstance(grad_outputs, tuple | list)
        else (grad_outputs,)
    )
    return stager.tape.gradient(*several, seeds, bool(create_graph))


@answers(T.backward, torch.autograd.backward)
def answer_backward(
    stager: Any, func: Any, tensors: Any, gradient: Any = None, retain_graph: Any = None,
    create_graph: bool = False, inputs: Any = None, grad_tensors: Any = None
) -> None:  # fmt: skip
    """`loss.backward()`."""
    outputs, seeds, leaves = (
        v if v is None else list(v) if isinstance(v, tuple | list) else [v]
        for v in (tensors, gradient if gradient is not None else grad_tensors, inputs)
    )
    backward(stager, outputs or [], seeds, bool(retain_graph), bool(create_graph), leaves)


@answers(PROPERTIES.grad.__get__)
def answer_gradient(stager: Any, func: Any, tensor: T) -> Any:
    """`x.grad`."""
    return read_gradient(stager, tensor)


@answers(PROPERTIES.grad.__set__, PROPERTIES.grad.__delete__)
def answer_set_gradient(stager: Any, func: Any, tensor: T, value: Any = None) -> None:
    """`x.grad = value`, `del x.grad`."""
    write_gradient(stager, tensor, value)


@answers(PROPERTIES.grad_fn.__get__)
def answer_history(stager: Any, func: Any, tensor: T) -> Any:
    """`x.grad_fn`: whether there is one."""
    fake = stager.traced(tensor)
    if requires_grad(fake) and not is_leaf(fake):
        raise stager.tape.refuse("autograd-inside", "grad_fn")


@answers(T.register_hook, T.retain_grad, torch.autograd.functional.jacobian,
         torch.autograd.functional.hessian)  # fmt: skip
def answer_autograd(stager: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Gradients inside the captured function."""
    raise stager.tape.refuse("autograd-inside", getattr(func, "__name__", str(func)))


@answers(PROPERTIES.requires_grad.__get__)
def answer_requires_grad(stager: Any, func: Any, tensor: T) -> bool:
    """`x.requires_grad`, as it will be when the graph runs."""
    return requires_grad(stager.traced(tensor))


@answers(T.requires_grad_, PROPERTIES.requires_grad.__set__)
def answer_set_requires_grad(stager: Any, func: Any, tensor: T, value: bool = True) -> Any:
    """`x.requires_grad_()`."""
    if requires_grad(stager.traced(tensor)) == value:
        return tensor
    if not value:
        raise stager.tape.refuse("autograd-inside", "requires_grad_(False)")
    return stager.make_leaf(tensor)


@answers(PROPERTIES.is_leaf.__get__)
def answer_is_leaf(stager: Any, func: Any, tensor: T) -> bool:
    """`x.is_leaf`."""
    fake = stager.traced(tensor)
    if not requires_grad(fake):
        return True
    store = handle(fake).store
    if store.external is not None and handle(fake).parent is None:
        leaf = store.external.leaf
        source = store.external.source
        text = f"{source.path}.is_leaf == {leaf}"
        stager.world.guards.append(Guard(source, text, Leaf(leaf)))
        return leaf
    return is_leaf(fake)


@answers(T.is_inference, torch.is_inference)
def answer_is_inference(stager: Any, func: Any, tensor: T) -> bool:
    """Whether a tensor was made in inference mode: what the program makes there is."""
    external = handle(stager.traced(tensor)).store.external
    if external is None:
        return stager.in_inference
    with torch._C.DisableTorchFunction():
        if external.value.is_inference():
            raise stager.tape.refuse("tensor-subclass", f"{external.source.path} is an inference tensor")
    return False


@answers(PROPERTIES.data.__get__)
def answer_data_property(stager: Any, func: Any, tensor: T) -> T:
    """`x.data`: the same memory without history."""
    return stager.traced(tensor).detach()


@answers(PROPERTIES.data.__set__)
def answer_set_data(stager: Any, func: Any, tensor: T, value: Any) -> Any:
    """`x.data = value`: a write that autograd does not see, if the type stays."""
    if value.shape != tensor.shape or value.dtype != tensor.dtype:
        raise stager.tape.refuse("mutation", "x.data = a tensor of another type")
    with torch.no_grad():
        tensor.copy_(value)


@answers(torch.equal, T.equal)
def answer_equal(stager: Any, func: Any, a: T, b: T) -> Any:
    """`torch.equal(a, b)`."""
    return stager.tape.scalar_of("equal", "bool", a, b)


@answers(T.is_nonzero, torch.is_nonzero)
def answer_is_nonzero(stager: Any, func: Any, tensor: T) -> Any:
    """`x.is_nonzero()`."""
    return stager.truth(tensor)


@answers(T.__deepcopy__)
def answer_deepcopy(stager: Any, func: Any, tensor: T, memo: Any) -> T:
    """`copy.deepcopy(x)`."""
    return tensor.clone()


@answers(T.__hash__)
def answer_hash(stager: Any, func: Any, tensor: T) -> int:
    """Identity."""
    return id(tensor)
