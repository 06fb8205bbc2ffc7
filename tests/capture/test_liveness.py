"""Liveness against an explicit control-flow graph of random programs, and against Python's own view of scopes."""

from __future__ import annotations

import argparse
import ast
import asyncio.base_events
import inspect
import textwrap
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych.capture.code_objects import codes_in
from diptych.capture.liveness import Liveness, analyse
from diptych.capture.private_names import spell_private_names
from diptych.capture.scopes import bindings, free
from tests.capture.control_flow_graph import Graph

NAMES = "abc"
name = st.sampled_from(NAMES)


def function(text: str) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(text)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def live(text: str, line: int) -> str:
    """What is live after the statement that starts on `line` of `text` (the `def` stands on line 1)."""
    tree = function(text.strip("\n"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno == line]
    return "".join(sorted(analyse(tree).live_after(found[0])))


@st.composite
def simple(draw: st.DrawFn, loop: bool) -> list[str]:
    x, y = draw(name), draw(name)
    lines = [f"{x} = {y}", f"{x} += {y}", f"use({x})", f"{x} = 1", f"del {x}", "pass", f"return {x}", f"raise {x}",
             f"assert {x}, {y}", f"{x}, {y} = 1, {x}"]  # fmt: skip
    return [draw(st.sampled_from([*lines, "break", "continue", "break"] if loop else lines))]


@st.composite
def block(draw: st.DrawFn, depth: int, loop: bool) -> list[str]:
    return [line for _ in range(draw(st.integers(1, 3))) for line in draw(statement(depth, loop))]


@st.composite
def statement(draw: st.DrawFn, depth: int, loop: bool) -> list[str]:
    kind = draw(st.sampled_from(["simple", "simple", "if", "while", "forever", "for", "try", "with", "match"]))
    if depth == 0 or kind == "simple":
        return draw(simple(loop))
    x, y, z = draw(name), draw(name), draw(name)

    def part(head: str, inside: bool = loop) -> list[str]:
        return [head, *("    " + line for line in draw(block(depth - 1, inside)))]

    def maybe(head: str) -> list[str]:
        return part(head) if draw(st.booleans()) else []

    if kind == "if":
        return [*part(f"if {x}:"), *maybe("else:")]
    if kind == "while":
        return [*part(f"while {x}:", True), *maybe("else:")]
    if kind == "forever":
        return part("while True:", True)
    if kind == "for":
        return [*part(f"for {x} in {y}:", True), *maybe("else:")]
    if kind == "with":
        return part(draw(st.sampled_from([f"with {x} as {y}:", f"with {x}:", f"with {x} as {y}, {z} as {x}:"])))
    if kind == "match":
        cases = [f"case 1 if {y}:", f"case [1, {y}]:", f"case {y} if {z}:", f"case {y}:"]
        chosen = [case for case in cases if draw(st.booleans())] or ["case _:"]
        return [f"match {x}:", *("    " + line for case in chosen for line in part(case))]
    handlers = [*maybe(f"except {y} as {x}:"), *maybe(f"except {z}:"), *maybe("except:")]
    otherwise = maybe("else:") if handlers else []
    final = maybe("finally:") if handlers else part("finally:")
    return [*part("try:"), *handlers, *otherwise, *final]


@settings(max_examples=300, deadline=None)
@given(block(3, False))
def test_random_programs_against_their_control_flow_graph(lines: list[str]) -> None:
    text = "\n    ".join(["def f(a, b, c):", *lines])
    tree = function(text)
    liveness, graph = analyse(tree), Graph(tree)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node is not tree]
    for node in statements:
        assert liveness.live_after(node) == graph.live_after(node) & set(NAMES), f"after line {node.lineno} of\n{text}"
        if isinstance(node, ast.While | ast.For):
            head = graph.live_at_head(node) & set(NAMES)
            assert liveness.live_at_loop_head(node) == head, f"head of line {node.lineno} of\n{text}"


EXPRESSIONS = {
    "use(a)": "a",
    "a.x[b] = c": "abc",
    "a[b], a = c, 1": "abc",
    "a, b = b, a": "ab",
    "(a := 1) + a": "",
    "a + (a := 1)": "a",
    "b and (a := 1); use(a)": "ab",
    "(a := 1) and b; use(a)": "b",
    "b < (a := 1) < c; use(a)": "bc",
    "b < c < (a := 1); use(a)": "abc",
    "(a := 1) if b else (a := 2); use(a)": "b",
    "(a := 1) if b else 2; use(a)": "ab",
    "{a: (a := 1), b: a}": "ab",
    "[a for a in b]": "b",
    "[a for a in a if c]": "ac",
    "[(c := a) for a in b]; use(c)": "bc",
    "a = lambda a=b: a + c": "bc",
    "a = 1; locals()": "bc",
    "a: c = b": "b",
    "a.x: c = b": "abc",
    "import a.b; use(a, b)": "b",
    "import b as a; use(a, b)": "b",
    "f'{a!r:{b}}'": "ab",
    "print(*a, **b)": "ab",
    "del a[b]": "ab",
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_in_order_of_evaluation(text: str) -> None:
    tree = function(f"def f(a, b, c):\n    pass\n    {text}")
    inner = "c" if "lambda" in text else ""  # what a lambda captures is live everywhere
    assert analyse(tree).live_after(tree.body[0]) == set(EXPRESSIONS[text]) | set(inner)


def test_left_by_break_is_done_too() -> None:
    text = """
def f(t, x):
    while True:
        if t:
            x = 1
            break
        x = 2
        t = 0
    return x
"""
    assert live(text, 3) == "x"  # only by the `break`: on the other way x is overwritten
    assert live(text, 6) == ""
    assert live(text, 5) == "x"
    assert live(text, 7) == "t"


def test_early_return_through_finally() -> None:
    text = """
def f(t, x, y):
    try:
        if t:
            return y
        y = 2
    finally:
        use(x)
    return y
"""
    assert live(text, 3) == "x"
    assert live(text, 4) == "x"
    assert live(text, 5) == "xy"
    assert live(text, 7) == "y"


def test_loop_head_of_a_loop_that_may_run_zero_times() -> None:
    tree = function("def f(n, x, y, z):\n    while n:\n        x = y\n        n -= 1\n    return x")
    assert analyse(tree).live_at_loop_head(tree.body[0]) == set("nxy")


def test_what_a_handler_reads_is_live_where_an_iterator_may_fail() -> None:
    tree = function("def f(x, y):\n    try:\n        for x in y: pass\n    except E: use(x)")
    loop = next(node for node in ast.walk(tree) if isinstance(node, ast.For))
    assert analyse(tree).live_at_loop_head(loop) == {"x"}


def test_a_manager_may_suppress_the_failure_of_the_next_one() -> None:
    tree = function("def f(m, n, x):\n    pass\n    with m, n as x: pass\n    use(x)")
    assert analyse(tree).live_after(tree.body[0]) == set("mnx")
    tree = function("def f(m, x):\n    pass\n    with m as x: pass\n    use(x)")
    assert analyse(tree).live_after(tree.body[0]) == {"m"}


def test_a_guard_that_fails_leaves_the_names_bound() -> None:
    tree = function("def f(a, b, x):\n    pass\n    match a:\n        case x if b: pass\n        case _: use(x)")
    assert analyse(tree).live_after(tree.body[0]) == set("ab")
    tree = function("def f(a, b, x, y):\n    pass\n    match a:\n        case y if b: pass\n        case _: use(x)")
    assert analyse(tree).live_after(tree.body[0]) == set("abx")


def test_super_without_arguments_reads_the_first_parameter() -> None:
    tree = function("def f(self, x):\n    pass\n    super().f(x)")
    assert analyse(tree).live_after(tree.body[0]) == {"self", "x"}


def test_globals_and_names_of_outer_functions_are_not_live() -> None:
    tree = function("def f(x):\n    nonlocal n\n    global g\n    n = g = x\n    print(n, g, free)")
    liveness = analyse(tree)
    assert liveness.declared == (("g",), ("n",))
    assert liveness.locals == {"x"}
    assert liveness.live_after(tree.body[0]) == {"x"}
    assert liveness.assigned(tree.body) == ()


def test_alias() -> None:
    tree = function("def f(x):\n    if x:\n        y = 1\n    else:\n        y = 2\n    return y")
    liveness = analyse(tree)
    other = ast.If(ast.Constant(1), [], [])
    with pytest.raises(KeyError, match="not of the analysed tree"):
        liveness.live_after(other)
    liveness.alias(other, tree.body[0])
    assert liveness.live_after(other) == {"y"}


def test_bindings_in_the_order_of_the_text() -> None:
    text = """
    z = 1
    for a, (b, *c) in rows: d = 1
    with m as e, n as f[0]: pass
    try: g += 1
    except E as h: del i
    import j.k, l as m2
    from o import p as q, r
    def s(inner=(t := 1)): local = 1
    class u(v := object): w = 1
    [x2 for x2 in xs if (y := x2)]
    lambda: (no := 1)
    match z:
        case {"k": aa, **bb} | [*cc] | K(dd=ee) as ff: pass
    gg: int
    """
    found = bindings(ast.parse(textwrap.dedent(text)).body)
    assert " ".join(found) == "z a b c d e g h i j m2 q r s t u v y aa bb cc ee ff gg"


@pytest.mark.parametrize("module", [argparse, asyncio.base_events, inspect, textwrap, typing])
def test_scopes_agree_with_the_compiler(module: object) -> None:
    """Own, captured and free names of every function of a module are those that the compiler found."""
    path = inspect.getsourcefile(module)  # type: ignore[arg-type]
    assert path is not None
    with open(path) as file:
        tree = ast.parse(file.read())
    codes = {(code.co_name, code.co_firstlineno): code for code in codes_in(compile(tree, path, "exec"))}
    checked = 0
    for owner, node in functions(tree, None):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        code = codes[node.name, first]
        node = spell_private_names(node, owner) if owner else node
        liveness: Liveness = analyse(node)
        cells = set(code.co_cellvars) - {"__class__"}
        assert liveness.locals == {*code.co_varnames, *cells}, node.name
        assert set(code.co_freevars) - {"__class__"} <= free(node), node.name
        assert not free(node) & liveness.locals, node.name
        eager = any(isinstance(part, ast.ListComp | ast.SetComp | ast.DictComp) for part in ast.walk(node))
        assert liveness.captured <= cells if eager else liveness.captured == cells, node.name
        checked += 1
    assert checked > 10


def functions(node: ast.AST, owner: str | None) -> list[tuple[str | None, ast.FunctionDef]]:
    found: list[tuple[str | None, ast.FunctionDef]] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            found.append((owner, child))
        found += functions(child, child.name if isinstance(child, ast.ClassDef) else owner)
    return found
