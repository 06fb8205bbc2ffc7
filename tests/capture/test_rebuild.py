"""A function rebuilt from its own tree is the same function, and from a changed one keeps all but its body."""

from __future__ import annotations

import argparse
import ast
import asyncio
import functools
import inspect
import sys
import textwrap
import traceback
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from diptych.capture.code_objects import codes_in
from diptych.capture.source import as_function, find, rebuild
from tests.capture.modules_on_disk import load

__all__ = ["load"]

SCALE = 3


def again(fn: Any, **cells: Any) -> Any:
    return rebuild(fn, find(fn).tree, cells)


def scaled(x: int) -> int:
    return x + SCALE


def test_real_cells_both_ways() -> None:
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return count

    rebuilt = again(step)
    assert (rebuilt(), step(), rebuilt(), count) == (1, 2, 3, 3)
    assert rebuilt.__closure__ == step.__closure__


def test_cell_that_is_empty_until_later() -> None:
    def even(n: int) -> bool:
        return n == 0 or odd(n - 1)

    rebuilt = again(even)
    with pytest.raises(NameError, match="odd"):
        rebuilt(1)

    def odd(n: int) -> bool:
        return n != 0 and rebuilt(n - 1)

    assert rebuilt(10)


def test_names_that_come_and_go() -> None:
    unused, used = 1, 2

    def fn() -> int:
        return unused + used

    tree = find(fn).tree
    tree.body = ast.parse("return used + __diptych__.extra + shared[0]").body  # type: ignore[union-attr]
    shared = types.CellType([40])
    rebuilt = rebuild(fn, tree, {"__diptych__": types.SimpleNamespace(extra=100), "shared": shared})
    assert rebuilt() == 142
    shared.cell_contents = [0]
    assert rebuilt() == 102
    assert rebuilt.__code__.co_freevars == ("__diptych__", "shared", "used")


def test_globals_are_the_very_dict(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilt = again(scaled)
    monkeypatch.setitem(globals(), "SCALE", 30)
    assert rebuilt(1) == 31


def factorial(n: int) -> int:
    return 1 if n == 0 else n * factorial(n - 1)


def test_recursion_goes_through_the_global_name(monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilt = again(factorial)
    monkeypatch.setitem(globals(), "factorial", lambda n: 1000)
    assert rebuilt(2) == 2000


class Base:
    def area(self) -> int:
        return 1


class Shape(Base):
    def area(self) -> int:
        return super().area() + 1

    def name(self) -> str:
        return __class__.__name__  # type: ignore[name-defined]

    def plain(self) -> int:
        return 0


def test_super_without_arguments() -> None:
    assert again(Shape.area)(Shape()) == 2
    assert again(Shape.name)(Shape()) == "Shape"
    tree = find(Shape.plain).tree
    tree.body = ast.parse("return super().area() + 5").body  # type: ignore[union-attr]
    assert rebuild(Shape.plain, tree, {"__class__": Shape})(Shape()) == 6


def test_what_belongs_to_a_function_is_kept() -> None:
    def fn(a: int, /, b: str = "b", *rest: float, c: list[int], d: int = SCALE, **more: bytes) -> None:
        """What it is for."""

    fn.mark = [1]  # type: ignore[attr-defined]
    fn.__module__ = "elsewhere"
    rebuilt = again(fn)
    assert inspect.signature(rebuilt) == inspect.signature(fn)
    assert rebuilt.__defaults__ is fn.__defaults__
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__kwdefaults__", "__annotations__", "__dict__"):
        assert getattr(rebuilt, name) == getattr(fn, name), name
    assert rebuilt.__dict__ is not fn.__dict__
    assert typing.get_type_hints(rebuilt) == typing.get_type_hints(fn)


def test_future_flags_of_the_module() -> None:
    def fn() -> Any:
        def inner(x: NotDefinedAnywhere) -> None:  # type: ignore[name-defined]  # noqa: F821
            pass

        return inner

    assert again(fn)().__annotations__ == {"x": "NotDefinedAnywhere", "return": "None"}


def test_no_future_flags_are_added(load: Callable[[str], types.ModuleType]) -> None:
    module = load("def fn():\n    def inner(x: int): pass\n    return inner\n")
    assert again(module.fn)().__annotations__ == {"x": int}


def test_generators_and_coroutines() -> None:
    def count(n: int) -> Iterator[int]:
        yield from range(n)

    async def answer(x: int) -> int:
        await asyncio.sleep(0)
        return x

    @types.coroutine
    def old() -> Any:
        yield
        return 7

    async def use() -> int:
        return await again(old)()

    assert list(again(count)(3)) == [0, 1, 2]
    assert asyncio.run(again(answer)(5)) == 5
    assert asyncio.run(use()) == 7


def test_lambda_as_def() -> None:
    fn = lambda x, *, y=2: x * y  # noqa: E731
    tree = as_function(find(fn).tree)
    assert isinstance(tree, ast.FunctionDef)
    rebuilt = rebuild(fn, tree, {})
    assert rebuilt(3) == 6
    assert rebuilt(3, y=5) == 15
    assert (rebuilt.__name__, rebuilt.__code__.co_name) == ("<lambda>", "<lambda>")
    assert rebuilt.__code__.co_qualname == fn.__code__.co_qualname


def test_classes_and_functions_inside_keep_their_names() -> None:
    def fn() -> tuple[str, str, str]:
        class Local:
            def method(self) -> None: ...

        return Local.__qualname__, Local.method.__qualname__, (lambda: 0).__qualname__

    assert again(fn)() == fn()


USER = """
    def solve(table, key):
        total = 0
        if key:
            total = total + table["é"] + table[
                key].missing
        return total

    def outer(table):
        def inner(key):
            return 1 + table[key]
        return [inner(key) for key in ("a", "b")]
"""


def with_helpers(tree: ast.FunctionDef) -> ast.FunctionDef:
    """Move the body of every function into a helper inside it."""
    for node in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        body, name = node.body, f"__diptych_then_{node.lineno}"
        node.body = ast.parse(f"def {name}(): pass\nreturn {name}()").body
        node.body[0].body = body  # type: ignore[attr-defined]
        for made in node.body:
            for part in ast.walk(made) if made is not node.body[0] else [made]:
                ast.copy_location(part, body[-1])
    return tree


def frames(fn: Any, *args: Any) -> list[tuple[Any, ...]]:
    """File, line, columns and function of the frames of the error that `fn` raises."""
    try:
        fn(*args)
    except (AttributeError, KeyError) as error:
        stack = traceback.TracebackException.from_exception(error).stack[1:]
    else:
        pytest.fail("no error")
    return [(f.filename, f.lineno, f.end_lineno, f.colno, f.end_colno, f.name, f.line) for f in stack]


def test_traceback_shows_the_place_in_the_users_file(load: Callable[[str], types.ModuleType]) -> None:
    module = load(USER)
    table = {"é": 1, "k": 2}
    want = frames(module.solve, table, "k")
    assert want[-1][:3] == (module.__file__, 6, 6)
    assert frames(again(module.solve), table, "k") == want
    helped = rebuild(module.solve, with_helpers(find(module.solve).tree), {})  # type: ignore[arg-type]
    assert frames(helped, table, "k")[-1] == want[-1]
    assert {frame[5] for frame in frames(helped, table, "k")} == {"solve"}


def test_helpers_take_the_name_of_the_function_around_them(load: Callable[[str], types.ModuleType]) -> None:
    module = load(USER)
    rebuilt = rebuild(module.outer, with_helpers(find(module.outer).tree), {})  # type: ignore[arg-type]
    names = {(code.co_name, code.co_qualname) for code in [rebuilt.__code__, *codes_in(rebuilt.__code__)]}
    inner = {("inner", "outer.<locals>.inner"), ("outer", "outer")}
    listed = {("<listcomp>", "outer.<locals>.<listcomp>")} if sys.version_info < (3, 12) else set()
    assert names == inner | listed
    want, seen = frames(module.outer, {}), frames(rebuilt, {})
    assert want[-1] == seen[-1]
    assert [frame[5] for frame in seen if frame[5] != "<listcomp>"] == ["outer", "outer", "inner", "inner"]


@pytest.mark.parametrize("module", [argparse, functools, textwrap, traceback, typing])
def test_functions_of_the_standard_library_come_back_as_they_were(module: types.ModuleType) -> None:
    """Rebuilt from its own tree, a function has the positions, names and constants that the compiler gave it.

    The operations are compared by place and operand: inside a module that imports a name, Python compiles a call of
    its attribute in a way of its own.
    """
    functions = [fn for fn in everything_in(module) if fn.__code__.co_filename == module.__file__]
    assert len(functions) > 10
    for fn in functions:
        rebuilt = again(fn, __diptych__=None)
        for one, other in zip([fn.__code__, *codes_in(fn.__code__)], [rebuilt.__code__, *codes_in(rebuilt.__code__)],
                              strict=True):  # fmt: skip
            assert face(one) == face(other), fn


def face(code: types.CodeType) -> tuple[Any, ...]:
    kept = ("co_name", "co_qualname", "co_argcount", "co_kwonlyargcount", "co_posonlyargcount", "co_varnames",
            "co_freevars", "co_cellvars", "co_names", "co_firstlineno")  # fmt: skip
    flags = code.co_flags & ~inspect.CO_NESTED
    lines = {place[0] for place in code.co_positions()}
    exact = sys.version_info < (3, 12) and code.co_name != "<lambda>"  # later, names of keywords have places too
    spans = {place for place in code.co_positions() if exact and None not in place}
    constants = [repr(x) for x in code.co_consts if not isinstance(x, types.CodeType | frozenset)]
    return *(getattr(code, name) for name in kept), flags, lines, spans, constants


def everything_in(module: types.ModuleType) -> list[types.FunctionType]:
    holders = [module, *(value for value in vars(module).values() if isinstance(value, type))]
    values = [value for holder in holders for value in vars(holder).values()]
    return [value for value in values if isinstance(value, types.FunctionType)]
