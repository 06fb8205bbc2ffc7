"""Hybridized programs in use: with each other, with threads, with torch's own transformations, and when they go."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

import diptych
from tests.hybrid.scripts import attempt, gradients, indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])


def settle(x):
    """Decides and repeats."""
    y = x * 2 if x.sum() > 0 else x - 1
    while y.norm() > 1:
        y = y / 2
    return y


def smooth(x):
    """A number, without a decision."""
    return (x.sin() * x).sum()


@indistinguishable
def test_hybridized_functions_call_each_other(hybridize):
    inner = hybridize(settle)

    @hybridize
    def outer(x):
        return inner(x) + inner(-x) if x.norm() > 1 else inner(x)

    for x in (X, 0.1 * X, -X):
        yield outer(x), inner(x)


@indistinguishable
def test_state_written_by_an_inner_hybridized_function(hybridize):
    seen = {"calls": 0, "last": None}

    @hybridize
    def inner(x):
        seen["calls"] += 1
        seen["last"] = x.detach()
        return x * seen["calls"]

    @hybridize
    def outer(x):
        return inner(x) if x.sum() > 0 else inner(inner(x))

    for x in (X, -X, X):
        yield outer(x), dict(seen)
        yield inner(x), dict(seen)


@indistinguishable
def test_hybridized_function_as_argument_and_in_map(hybridize):
    inner = hybridize(settle)
    outer = hybridize(lambda f, xs: sum(map(f, xs)))
    for xs in ([X], [X, -X], [X, -X, 3 * X]):
        yield outer(inner, xs)


@indistinguishable(graph=False)  # refused: a layout has no place for sharing
def test_one_list_twice_in_a_result(hybridize):
    def program(x):
        items = [x]
        both = (items, items)
        if x.sum() > 0:
            items.append(x * 2)
        return both

    program = hybridize(program)
    for x in (X, -X):
        one, other = program(x)
        yield one, other, one is other


class Node:
    """An object with whatever attributes it is given."""


@indistinguishable(graph=False)  # refused: a layout has no place for cycles
def test_cycle_of_objects_in_a_result(hybridize):
    def program(x):
        one, other = Node(), Node()
        one.next, other.next = other, one
        one.value = x * 2 if x.sum() > 0 else x
        return one

    program = hybridize(program)
    for x in (X, -X):
        one = program(x)
        yield one.value, one.next.next is one, one.next is one


@indistinguishable
def test_calls_from_inside_torch(hybridize):
    program = hybridize(settle)
    x = X.clone().requires_grad_()
    result = checkpoint(program, x, use_reentrant=False)
    yield result, gradients(result, x)
    result = checkpoint(lambda x: program(-x), x, use_reentrant=False)
    yield result, gradients(result, x)
    yield program(X)


@indistinguishable
def test_torch_func_transforms(hybridize):
    program = hybridize(smooth)
    yield program(X)
    yield torch.func.grad(program)(X)
    yield torch.func.vmap(program)(torch.stack([X, -X]))
    yield torch.func.jvp(program, (X,), (torch.ones(3),))
    yield torch.func.hessian(program)(X)
    yield torch.func.vmap(torch.func.grad(program))(torch.stack([X, 2 * X]))
    yield program(X)


@indistinguishable(graph=False)
def test_torch_func_inside_a_program(hybridize):
    weight = torch.ones(3)
    program = hybridize(lambda x: torch.func.grad(smooth)(x * weight) if x.sum() > 0 else x)
    for x in (X, -X, 2 * X):
        yield attempt(program, x)


@indistinguishable
def test_decisions_under_grad_and_vmap(hybridize):
    program = hybridize(settle)
    yield program(X)
    yield torch.func.grad(lambda x: program(x).sum())(X)
    yield attempt(torch.func.vmap(program), torch.stack([X, -X]))[:2]
    yield torch.autograd.functional.jacobian(program, X)


@indistinguishable
def test_forward_mode(hybridize):
    program = hybridize(settle)
    yield program(X)
    with forward_ad.dual_level():
        yield forward_ad.unpack_dual(program(forward_ad.make_dual(X, torch.ones(3)))).tangent
    yield program(X)


@indistinguishable
def test_inside_torch_compile(hybridize):
    program = hybridize(settle)
    compiled = torch.compile(lambda x: program(x) + 1, backend="eager")
    for x in (X, -X):
        yield compiled(x), program(x)


@indistinguishable
def test_torch_compile_inside(hybridize):
    inner = torch.compile(smooth, backend="eager")
    program = hybridize(lambda x: inner(x) if x.sum() > 0 else x.sum())
    for x in (X, -X, 2 * X):
        yield program(x)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@indistinguishable(graph=False)
def test_trace_of_a_hybridized_program(hybridize):
    program = hybridize(smooth)
    yield program(X)
    traced = torch.jit.trace(program, (X,), check_trace=False)
    yield traced(2 * X), program(2 * X)


@indistinguishable(graph=False)
def test_no_grad_and_inference_tensors(hybridize):
    program = hybridize(settle)
    with torch.inference_mode():
        x = X * 1
    yield attempt(program, x), x.is_inference()
    weight = torch.ones(3, requires_grad=True)
    yield attempt(lambda: program(x * 1) * weight)
    yield program(X)


def in_threads(work, inputs):
    """The results of `work` for each input, in threads that start at once."""
    barrier = threading.Barrier(len(inputs))

    def start(item):
        barrier.wait()
        return [work(item) for _ in range(5)]

    with ThreadPoolExecutor(len(inputs)) as pool:
        return list(pool.map(start, inputs))


def test_threads_share_a_program():
    program = diptych.hybridize(settle, speculate=False)
    inputs = [X, -X, 5 * X, X.double()]
    for x, results in zip(inputs, in_threads(program, inputs), strict=True):
        assert all(r.dtype == x.dtype and torch.allclose(r, settle(x)) for r in results)
    assert program.stats.graph_calls + program.stats.imperative_calls == 20


def test_threads_with_programs_of_their_own():
    nets = [nn.Sequential(nn.Linear(3, 3), nn.ReLU()) for _ in range(3)]
    programs = [diptych.hybridize(net, speculate=False) for net in nets]
    for net, results in zip(nets, in_threads(lambda p: p(X), programs), strict=True):
        assert all(torch.allclose(r, net(X)) for r in results)


def test_a_thread_computes_while_another_captures():
    stop = threading.Event()
    faults = []

    def imperative():
        net = nn.Linear(3, 3)
        expected = net(X)
        while not stop.is_set():
            if not torch.equal(net(X), expected) or type(net(X)) is not torch.Tensor:
                faults.append("another result")
            net.extra = 3
            if net.extra != 3:
                faults.append("an attribute was lost")

    thread = threading.Thread(target=imperative)
    thread.start()
    try:
        for n in range(1, 6):
            program = diptych.hybridize(lambda x: settle(x) * 2, speculate=False)
            assert program(torch.ones(n)).shape == (n,)
    finally:
        stop.set()
        thread.join()
    assert faults == []


def test_grad_mode_of_a_thread_is_its_own():
    weight = torch.ones(3, requires_grad=True)
    program = diptych.hybridize(lambda x: x * weight if x.sum() > 0 else x - weight, speculate=False)

    def work(grad):
        with torch.set_grad_enabled(grad):
            return program(X).requires_grad

    assert in_threads(work, [True, False]) == [[True] * 5, [False] * 5]


def test_a_hybridized_module_can_be_collected():
    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    program = diptych.hybridize(net, speculate=False)
    program(X).sum().backward()
    program(torch.ones(2, 3))
    assert program.stats.graph_calls > 0
    gone = [weakref.ref(o) for o in (net, net[0], net[0].weight, program, program.graphs[0])]
    del net, program
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)


def test_a_hybridized_function_and_its_closure_can_be_collected():
    def make():
        weight = torch.ones(3)

        def function(x):
            return x * weight if x.sum() > 0 else x

        return diptych.hybridize(function, speculate=False), weakref.ref(weight), weakref.ref(function)

    program, weight, function = make()
    program(X)
    program(X.double())
    assert program.stats.graph_calls == 2
    del program
    gc.collect()
    assert weight() is None
    assert function() is None


def test_arguments_and_results_are_not_kept():
    program = diptych.hybridize(settle, speculate=False)
    program(X)
    x = X * 3
    box = [x]
    listed = diptych.hybridize(lambda xs: xs[0] * 2, speculate=False)
    result, other = program(x), listed(box)
    gone = [weakref.ref(o) for o in (x, result, other)]
    del x, box, result, other
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_a_refused_program_keeps_nothing():
    program = diptych.hybridize(lambda x: torch.from_numpy(x.numpy() * 2), speculate=False)
    x = X * 1
    program(x)
    assert program.stats.refusals
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


def test_torch_is_left_as_it_was():
    before = (nn.Module.__setattr__, torch.autograd.Function.apply.__func__, nn.Module.__call__, torch.Tensor.__bool__)
    for function in (settle, lambda x: torch.from_numpy(x.numpy()), lambda x: x @ torch.ones(7)):
        attempt(diptych.hybridize(function, speculate=False), X)
    after = (nn.Module.__setattr__, torch.autograd.Function.apply.__func__, nn.Module.__call__, torch.Tensor.__bool__)
    assert after == before
    assert torch.is_grad_enabled()
    assert torch._C._len_torch_dispatch_stack() == 0
    assert torch._C._len_torch_function_stack() == 0
