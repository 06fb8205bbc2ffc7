"""Order: `sorted`, by keys that Python knows or by numbers of the graph; samples and shuffles of Python's `random`."""

from __future__ import annotations

import builtins
import collections
import itertools
import random
from typing import Any

import torch

from diptych.capture.staging.builtin.iteration import known_items
from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.trail import ContentsPlace
from diptych.capture.values import Scalar, kind_of
from diptych.graph import own
from diptych.graph.spec import NumberSpec


@meaning(builtins.sorted)
def builtin_sorted(stager: Any, items: Any, *, key: Any = None, reverse: Any = False) -> Any:
    """`sorted(items)`: stable, so that equal items stay in order."""
    found = known_items(stager, items)
    key, backwards = stager.resolve(key), stager.truth(reverse)
    keys = [stager.call(key, i) for i in found] if key is not None else found
    if not isinstance(backwards, bool):
        raise stager.tape.refuse("opaque-conversion", "sorted() in an order that the graph knows")
    known = leading(stager, keys) if stager.holds_traced(keys) else keys
    if known is not None:
        order = sorted(range(len(found)), key=lambda i: known[i], reverse=backwards)
        return [found[i] for i in order]
    return stager.distribute(lambda *k: by_keys(stager, found, list(k), backwards), *keys)


def leading(stager: Any, keys: list[Any]) -> list[Any] | None:
    """What tuples start with before values of the graph, if that alone tells them all apart."""
    if any(type(k) not in (tuple, list) or type(k) is not type(keys[0]) for k in keys):
        return None
    starts = [list(itertools.takewhile(lambda part: not stager.holds_traced(part), key)) for key in keys]
    size = min(map(len, starts))
    known = [start[:size] for start in starts]
    return known if all(a != b for a, b in itertools.combinations(known, 2)) else None


def by_keys(stager: Any, items: list[Any], keys: list[Any], reverse: bool) -> list[Any]:
    """Items in the order of keys that the graph computes."""
    if len(items) < 2:
        return list(items)
    tape = stager.tape
    if len({shape_of(k) for k in keys}) > 1:
        raise tape.refuse("opaque-conversion", "sorting by tensors next to numbers, or of several dtypes")
    nodes = tuple(comparable(stager, k) for k in keys)
    specs = tuple(NumberSpec("int") for _ in items)
    node = tape.emit(own.OWN["sort_order"], (nodes, reverse), None, specs)
    order = [tape.number(tape.item(node, k, specs[k]), "int") for k in range(len(items))]
    return [stager.pick_known(items, k) for k in order]


def shape_of(key: Any) -> Any:
    """What of a key is a tensor, of which dtype: torch compares those by its own promotion."""
    if type(key) in (tuple, list):
        return tuple(shape_of(k) for k in key)
    return key.dtype if isinstance(key, torch.Tensor) else None


def comparable(stager: Any, key: Any) -> Any:
    """A key as numbers, texts and tuples of them, over nodes."""
    key = stager.tape.as_scalar(stager.resolve(key))
    if isinstance(key, tuple | list) and type(key) in (tuple, list):
        return tuple(comparable(stager, k) for k in key)
    if isinstance(key, torch.Tensor):
        key = stager.number_of(key)
    if isinstance(key, Scalar):
        return key.node
    if kind_of(key) is None or kind_of(key) == "complex":
        raise stager.tape.refuse("opaque-conversion", f"sorting by a {type(key).__name__} next to values of the graph")
    return key


@meaning(random.choice)
def random_choice(stager: Any, items: Any) -> Any:
    """`random.choice(items)`."""
    items = stager.resolve(items)
    count = stager.length(items)
    if isinstance(count, int) and count == 0:
        return random.choice(items)  # raises
    return stager.getitem(items, stager.call(random.randrange, count))


@meaning(random.sample)
def random_sample(stager: Any, items: Any, k: Any, *, counts: Any = None) -> Any:
    """`random.sample(items, k)`: which items, the graph draws."""
    k = stager.tape.as_scalar(stager.resolve(k))
    found = sampled(stager, items)
    if counts is not None or not isinstance(k, int):
        raise stager.tape.refuse("opaque-conversion", "random.sample() with counts, or of a number of the graph")
    if not 0 <= k <= len(found):
        return random.sample(found, k)  # raises
    return drawn(stager, "sample", found, k, len(found), k)


@meaning(random.shuffle)
def random_shuffle(stager: Any, items: Any) -> None:
    """`random.shuffle(items)`."""
    items = stager.resolve(items)
    made = drawn(stager, "shuffle", sampled(stager, items), len(items), len(items))
    stager.tape.trail.touch(ContentsPlace(items))
    items[:] = made


def sampled(stager: Any, items: Any) -> list[Any]:
    """The items of a sequence, in Python's hands."""
    items = stager.resolve(items)
    if not isinstance(items, list | tuple | range | collections.deque):
        raise stager.tape.refuse("opaque-conversion", f"random items of a {type(items).__name__}")
    return known_items(stager, items)


def drawn(stager: Any, name: str, items: list[Any], count: int, *operands: int) -> list[Any]:
    """`count` items at positions that the graph draws."""
    tape = stager.tape
    specs = tuple(NumberSpec("int") for _ in range(count))
    node = tape.emit(stager.python_stream(), (name, *operands), None, specs)
    return [stager.pick_known(items, tape.number(tape.item(node, k, specs[k]), "int")) for k in range(count)]
