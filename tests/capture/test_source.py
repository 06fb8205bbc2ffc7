"""Functions are found by the position of their code, which is checked against the text."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import linecache
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diptych.capture.source import NoSource, find, rebuild, where
from tests.capture.modules_on_disk import load

__all__ = ["load"]

SCALE = 3


def text_of(fn: Any) -> str:
    return ast.unparse(find(fn).tree)


def again(fn: Any, **cells: Any) -> Any:
    return rebuild(fn, find(fn).tree, cells)


def test_lambdas_on_one_line() -> None:
    one, two, three = lambda x: x + 1, lambda x: x + 2, lambda x: lambda y: x * y
    assert [text_of(f) for f in (one, two, three)] == [
        "lambda x: x + 1",
        "lambda x: x + 2",
        "lambda x: lambda y: x * y",
    ]
    assert text_of(three(1)) == "lambda y: x * y"


def test_equal_lambdas_on_one_line_are_told_apart_by_column() -> None:
    pair = [lambda x: x, lambda x: x]
    columns = [find(f).tree.col_offset for f in pair]
    assert columns[0] < columns[1]


def test_lambdas_of_constants() -> None:
    made = [lambda: None, lambda: 1, lambda: -1, lambda: (1, 2), lambda: 1.0]
    assert [again(f)() for f in made] == [None, 1, -1, (1, 2), 1.0]
    assert isinstance(again(made[4])(), float)


def test_lambda_over_several_lines() -> None:
    (fn,) = [
        lambda x, y=(lambda z: z):
        x +
        y(1)
    ]  # fmt: skip
    assert text_of(fn) == "lambda x, y=lambda z: z: x + y(1)"
    assert text_of(fn.__defaults__[0]) == "lambda z: z"
    assert again(fn)(2) == 3


def keep(argument: Any) -> Callable[[Any], Any]:
    def decorate(fn: Any) -> Any:
        fn.argument = argument
        return fn

    return decorate


@keep(lambda x: x * 10)
@functools.lru_cache
def decorated(x: int) -> int:
    return x + SCALE


def test_decorated() -> None:
    inner = decorated.__wrapped__
    assert find(inner).tree.name == "decorated"  # type: ignore[union-attr]
    assert text_of(decorated.argument) == "lambda x: x * 10"  # type: ignore[attr-defined]
    rebuilt = again(inner)
    assert rebuilt(1) == 4
    assert rebuilt.__code__.co_firstlineno == inner.__code__.co_firstlineno
    assert inspect.getsource(rebuilt).startswith("@keep")


def test_functions_of_one_name() -> None:
    made = []
    for flag in (True, False):
        if flag:

            def same(x: int) -> int:
                return x + 1
        else:

            def same(x: int) -> int:
                return x - 1

        made.append(same)
    assert [again(f)(10) for f in made] == [11, 9]
    assert "x + 1" in text_of(made[0])


class __Private:
    def __init__(self) -> None:
        self.__secret = 1

    def reveal(self, __argument: int = 2) -> tuple[int, str]:
        def __helper() -> int:
            return self.__secret + __argument

        class Inner:
            __secret = 5

            def own(self) -> int:
                return self.__secret

        return __helper() + Inner().own(), __helper.__name__

    @staticmethod
    def closed() -> Any:
        __kept = 4
        return lambda: __kept


def test_private_names_are_spelled_as_at_run_time() -> None:
    tree = find(__Private.reveal).tree
    assert "self._Private__secret + _Private__argument" in ast.unparse(tree)
    assert "_Inner" not in ast.unparse(tree)
    assert again(__Private.reveal)(__Private()) == (8, "__helper")
    closed = __Private.closed()
    assert find(closed).free == ("_Private__kept",)
    assert again(closed)() == 4


def test_exec_with_text_in_linecache() -> None:
    text = "k = 2\ndef cell(x):\n    return k * x\n"
    name = "<cell 1>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    space: dict[str, Any] = {}
    exec(compile(text, name, "exec"), space)
    rebuilt = again(space["cell"])
    assert rebuilt(4) == 8
    assert rebuilt.__globals__ is space


@pytest.mark.parametrize("thing", [len, int, functools.partial(len), "".join, Exception.with_traceback])
def test_what_is_no_python_function_has_no_source(thing: Any) -> None:
    with pytest.raises(NoSource, match="is not a Python function"):
        find(thing)


def test_text_that_is_nowhere() -> None:
    space: dict[str, Any] = {}
    exec("def typed(x):\n    return x\n", space)
    with pytest.raises(NoSource, match=r"no source for typed \(<string>:1\): its text is nowhere to be found"):
        find(space["typed"])


def test_asserts_that_a_test_runner_rewrote() -> None:
    def checked(x: int) -> Any:
        assert x > 0, f"{x} is not positive"
        return lambda y: x + y

    assert any(name.startswith("@py") for name in checked.__code__.co_varnames), "pytest rewrites this file"
    assert "assert x > 0" in text_of(checked)
    assert text_of(checked(1)) == "lambda y: x + y"


class Rewrite(ast.NodeTransformer):
    """Replaces `assert test` by `check(test)` and, if told so, every 1 by 5."""

    def __init__(self, all_ones: bool) -> None:
        self.all_ones = all_ones

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        call = ast.Expr(ast.Call(ast.Name("check", ast.Load()), [node.test], []))
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.copy_location(ast.Constant(5 if self.all_ones and node.value == 1 else node.value), node)


def test_a_rewritten_assert_hides_no_other_change(load: Callable[[str], types.ModuleType]) -> None:
    text = "def checked(x):\n    assert x > 0\n    return x + 1\n"
    module = load(text)
    for all_ones in (False, True):
        space: dict[str, Any] = {"check": bool}
        exec(compile(Rewrite(all_ones).visit(ast.parse(text)), typing.cast(str, module.__file__), "exec"), space)
        if all_ones:
            with pytest.raises(NoSource, match="not what runs"):
                find(space["checked"])
        else:
            assert "assert x > 0" in text_of(space["checked"])


MODULE = """
def early(x):
    return x + 1

def late(x):
    return x * 2
"""


def test_file_that_changed_is_refused(load: Callable[[str], types.ModuleType]) -> None:
    module = load(MODULE)
    path = Path(typing.cast(str, module.__file__))
    path.write_text(MODULE.replace("x * 2", "x * 3"))
    assert "x + 1" in text_of(module.early)
    with pytest.raises(NoSource, match="the text at this line is not what runs; the file has changed"):
        find(module.late)
    path.write_text("\n" + MODULE)
    linecache.checkcache()
    with pytest.raises(NoSource, match="no such function at this line"):
        find(module.late)
    path.write_text("def late(x:\n")
    linecache.checkcache()
    with pytest.raises(NoSource, match="its file cannot be parsed"):
        find(module.late)


def test_file_that_changed_after_its_text_was_read_is_found(load: Callable[[str], types.ModuleType]) -> None:
    module = load(MODULE)
    assert "x * 2" in text_of(module.late)
    Path(typing.cast(str, module.__file__)).write_text("# gone\n")
    assert "x * 2" in text_of(module.late), "the text that was read still is what runs"


def test_module_that_was_loaded_again(load: Callable[[str], types.ModuleType]) -> None:
    module = load(MODULE)
    assert "x * 2" in text_of(module.late)
    Path(typing.cast(str, module.__file__)).write_text("# a comment longer than before\n" + MODULE.replace("2", "30"))
    importlib.invalidate_caches()
    again_loaded = importlib.reload(module)
    assert "x * 30" in text_of(again_loaded.late)


def test_tree_belongs_to_the_caller() -> None:
    first = find(decorated.__wrapped__).tree
    first.args.args.clear()
    assert len(find(decorated.__wrapped__).tree.args.args) == 1


def test_where(load: Callable[[str], types.ModuleType]) -> None:
    module = load("""
        class Net:
            def forward(self, x):
                if x.sum() > 0:
                    x = "é" + x.relu()  # a comment
                return [x,
                        x]
            def long(self): return "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 01234"
    """)
    source = find(module.Net.forward)
    branch, result = source.tree.body  # type: ignore[union-attr]
    place = where(branch, source)
    assert (place.file, place.line, place.function) == (module.__file__, 4, "Net.forward")
    assert place.text == "if x.sum() > 0:"
    assert where(branch.body[0].value.right, source).text == "x.relu()"
    assert where(result.value, source).text == "[x,"
    assert where(ast.Pass(), source).line == 3, "a node without a place stands for the function"
    long = find(module.Net.long)
    text = where(long.tree, long).text
    assert text.startswith('def long(self): return "0123')
    assert text.endswith("...")
    assert len(text) == 80
