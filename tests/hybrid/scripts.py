"""Scripts that use a program and change the world around it, run imperatively and hybridized, and compared.

A script is a generator. It is given `hybridize`, makes its programs with it, and yields whatever a user could see:

    @indistinguishable
    def test_scale(hybridize):
        program = hybridize(Scaled())
        yield program(x)
        program.scale = 3
        yield program(x)

`indistinguishable` makes a test of it: the script runs once with programs left as they are and once with
`diptych.hybridize`, and everything yielded has to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

import diptych
from tests.capture.observation import lines_kept, same, seed, table, tensors, walk

SHOWN = 8  # differences of one script that a failure prints
Program = Callable[..., Any]
Script = Callable[[Callable[..., Any]], Iterator[Any]]


def attempt(program: Program, *args: Any, **kwargs: Any) -> Any:
    """What a call comes to: its result, or type and text of its exception."""
    try:
        return program(*args, **kwargs)
    except Exception as error:
        return ("raised", type(error).__qualname__, str(error))


def gradients(result: torch.Tensor, *inputs: torch.Tensor) -> tuple[Any, ...]:
    """The gradients of a result's sum of squares."""
    return torch.autograd.grad(result.square().sum(), inputs, allow_unused=True)


def picture(value: Any) -> dict[str, Any]:
    """What can be seen of a yielded value."""
    seen = {path: comparable(found) for path, found in table(value, "").items()}
    seen |= {f"{p} requires_grad": t.requires_grad for p, t in tensors(value, "").items()}
    seen |= {f"{p} shape": tuple(v) for p, v in walk(value, "") if isinstance(v, torch.Size)}
    return seen


def comparable(found: Any) -> Any:
    """The picture of one object, where a tensor without ordinary contents is replaced by what can be said of it."""
    if len(found) != 2 or not isinstance(found[1], torch.Tensor):
        return found
    kind, tensor = found
    if tensor.is_nested:
        return (kind, "nested", *(part.clone() for part in tensor.unbind()))
    if tensor.layout != torch.strided:
        return (kind, str(tensor.layout), tensor.to_dense())
    return (kind, "meta", tensor.dtype, tuple(tensor.shape)) if tensor.is_meta else found


def answers(script: Script, hybridize: Callable[..., Any]) -> list[dict[str, Any]]:
    """What a script yields, with the lines it printed at the end."""
    seed(0)
    with lines_kept() as lines:
        seen = [picture(value) for value in script(hybridize)]
    return [*seen, {"lines": lines.getvalue().splitlines()}]


def differences(expected: list[dict[str, Any]], actual: list[dict[str, Any]]) -> list[str]:
    """Where two runs of a script disagree."""
    found = [f"{len(expected)} answers expected, got {len(actual)}"] if len(expected) != len(actual) else []
    for number, (want, have) in enumerate(zip(expected, actual, strict=False)):
        for path in want | have:
            one, other = want.get(path, "nothing"), have.get(path, "nothing")
            if not same(one, other):
                found.append(f"answer {number}{path}: expected {short(one)}, got {short(other)}")
    return found


def short(value: Any) -> str:
    """A value on one line, cut."""
    return " ".join(str(value).split())[:80]


def indistinguishable(script: Script | None = None, *, graph: bool = True, varied: bool = True) -> Any:
    """A test of a script.

    `graph`: at least one call has to be served by a graph, or nothing of a graph's use would be tested.
    `varied`: two answers have to differ, or what the script changes would not matter.
    """
    if script is None:
        return lambda s: indistinguishable(s, graph=graph, varied=varied)

    def test() -> None:
        made: list[Any] = []

        def hybridize(program: Any) -> Any:
            made.append(diptych.hybridize(program, speculate=False))
            return made[-1]

        expected = answers(script, lambda program: program)
        if varied:
            assert any(differences([a], [b]) for a in expected[:-1] for b in expected[:-1]), "all answers agree"
        found = differences(expected, answers(script, hybridize))
        assert not found, "\n".join([*found[:SHOWN], *(str(m.report()) for m in made)])
        if graph:
            served = sum(m.stats.graph_calls for m in made)
            assert served, "\n".join(["no call was served by a graph", *(str(m.report()) for m in made)])

    test.__name__ = test.__qualname__ = script.__name__
    test.__doc__, test.__module__ = script.__doc__, script.__module__
    return test
