"""Random imperative programs as source text: what a user might write, drawn by hypothesis, small when they fail.

`programs()` is a strategy for `RandomProgram`: the text of a method with tensor-decided branches and loops, state on
its object, random draws, writes in place and Python numbers among the tensors, and the calls to make. Values stay
small (every operation is bounded or linear), loops are bounded by counters, names are read only after they were
assigned, except where a program reads on purpose what only one side of a branch has assigned.
"""

from __future__ import annotations

import hashlib
import itertools
import linecache
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from hypothesis import strategies as st

from tests.capture.cases import Call
from tests.capture.harness import Case
from tests.capture.observation import Built

VALUES = [0.3, -0.7, 1.1, -1.6, 0.05, 2.3, -0.2, 0.6, 1.4]  # all different: no ties, no sum near a threshold
MAX_DEPTH = 3

PRELUDE = """\
import torch
import torch.nn.functional as F


def helper(u, s):
    if s > 0.2:
        return u * 0.5
    while u.sum() > 1.5:
        u = u * 0.5 - 0.1
    return torch.sin(u)


class Program:
    def __init__(self):
        self.memory = torch.tensor([0.1, -0.2, 0.3])
        self.count = 0

    def run(self, x, y, m, n):
        a = x * 1.0
        s = y.mean()
        w = n + 1
        k = 1
        f = 0.5
        flag = False
        rows = [y * 0.5]
        o = None
"""

# A hole `{kind}` takes a name or an expression of that kind; `{LOCAL}` the name of a tensor that the program made
# itself (writing to the caller's leaves is an error), `{I}` an index, `{C}` a float literal.
EXPRESSIONS = {
    "vector": [
        "{vector} * {C}",
        "0.5 * ({vector} + {vector})",
        "{vector} - 0.25 * {vector}",
        "torch.tanh({vector} * {vector})",
        "torch.cos({vector}) * {scalar}",
        "torch.where({vector} > {vector}, {vector}, {C})",
        "({vector} + {float}).clamp(-2.0, 2.0)",
        "{vector}.flip(0) + {int}",
        "torch.cat([{vector}[1:], {vector}[:1]])",
        "torch.stack({rows}).mean(0)",
        "{rows}[-1] * 0.5",
        "(x if {maybe} is None else {maybe}) + {C}",
        "({vector} * 0.5 if {test} else {vector} + 0.1)",
        "helper({vector}, {scalar})",
        "{vector} + 0.1 * torch.randn(3)",
        "F.dropout({vector} * 1.5, 0.5)",
        "torch.stack([{scalar}, {scalar}, {scalar}])",
    ],
    "scalar": [
        "{vector}.sum() * 0.5",
        "{vector}.max() - {vector}[{I}]",
        "torch.tanh({scalar} + {float})",
        "{scalar} * 0.5 + {C}",
        "{scalar} + 0.25 * {whole}",
        "{vector}.dot(torch.tanh({vector}))",
        "torch.rand(()) - 0.5",
        "sum({rows}).mean() / len({rows})",
    ],
    "whole": [
        "({whole} + {int}) % 4",
        "({vector} > {C}).sum()",
        "{vector}.argmax()",
        "torch.randint(0, 3, ())",
        "torch.where({scalar} > 0, {whole}, 1)",
    ],
    "int": ["({int} + 1) % 5", "{int} - 2", "int({whole})", "{whole}.item() % 3", "len({rows})", "{int} // 2"],
    "float": ["0.5 * {float} + {C}", "{scalar}.item()", "float({scalar}) * 0.5", "min({float}, 1.5)", "abs({float})"],
    "bool": ["bool({test})", "not {bool}", "{float} > 0.4", "{int} == 1", "({scalar} > {C}).item()"],
}

TESTS = [
    "{vector}.sum() > {C}",
    "{vector}.mean() < {C}",
    "{scalar} > {C}",
    "{scalar} < {float}",
    "{vector}[{I}] > {vector}[{I}]",
    "({vector} > {C}).any()",
    "{whole} % 2 == 0",
    "{whole} > {int}",
    "-1.0 < {scalar} < {C}",
    "not {scalar} > {C}",
    "{bool}",
    "{int} % 2 == 1",
    "torch.rand(()) < 0.5",
    "{maybe} is None",
    "({bool} and {scalar} > {C})",
    "({scalar} > {C} or {int} > 2)",
]

WRITES = [
    "{LOCAL} += {vector}",
    "{LOCAL}.mul_({C})",
    "{LOCAL}[{I}] = {scalar}",
    "{LOCAL}[{LOCAL} > {C}] = 0.25",
    "{LOCAL}[1:] *= 0.5",
    "{LOCAL}.clamp_(-1.5, 1.5)",
    "m.add_({scalar})",
    "m[{I}] = {C}",
    "{rows}.append({vector})",
    "{rows}[-1] = {vector}",
]

STATE_WRITES = ["self.count += 1", "self.memory = ({vector}).detach()", "self.memory[{I}] = {C}", "self.memory *= 0.5"]

LOOPS = [
    ("{c} = 0", "while {test} and {c} < 3:", "{c} += 1"),
    ("{c} = 0", "while {c} < 3 and {test}:", "{c} += 1"),
    ("{c} = 0", "while {test}:", "{c} += 1", "if {c} > 2:", "    break"),
    ("{c} = 0", "while True:", "{c} += 1", "if {test} or {c} > 3:", "    break"),
    ("for {i} in range(3):",),
    ("for {i} in range({whole} % 4):",),
    ("for {v} in {vector} * 1.0:",),
    ("for {i}, {v} in enumerate({vector} * 1.0):",),
    ("for {u}, {v} in zip({vector} * 1.0, {vector} * 1.0):",),
]


RESULTS = ["{LOCAL}", "{scalar}", "{whole}", "{int}", "{float}", "{bool}", "{maybe}", "torch.stack({rows})", "{LOCAL}"]


@dataclass(frozen=True)
class RandomProgram:
    """The text of a program and, for each call, the nine numbers in x, y and m; x and y require gradients."""

    text: str
    calls: tuple[tuple[float, ...], ...]

    def __repr__(self) -> str:
        return "\n".join([*(f"call {n}: {numbers}" for n, numbers in enumerate(self.calls)), self.text])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # how hypothesis shows a failing example

    @property
    def case(self) -> Case:
        """For the harness; a Python number on the object may cost a graph a call."""
        return Case(f"random program\n{self!r}", self.build, expect="any", max_graphs=len(self.calls))

    def build(self) -> Built:
        """The program in a fresh namespace, its source where `inspect` finds it."""
        file = f"<random program {hashlib.sha1(self.text.encode()).hexdigest()[:12]}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(keepends=True), file)
        namespace: dict[str, Any] = {"__name__": "random_program"}
        exec(compile(self.text, file, "exec"), namespace)
        calls = [self.arguments(n) for n in range(len(self.calls))]
        return Built(namespace["Program"]().run, calls, lambda program: None)

    def arguments(self, n: int) -> Call:
        x, y, m = torch.tensor(self.calls[n]).reshape(3, 3).unbind()
        return Call((x.clone().requires_grad_(), y.clone().requires_grad_(), m.clone(), torch.tensor(n)), {})


@dataclass(frozen=True)
class Scope:
    """Which names hold a value here, by kind; `fixed` ones (counters, loop variables) are read only."""

    names: dict[str, tuple[str, ...]]
    fixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reachable: bool = True

    def readable(self, kind: str) -> tuple[str, ...]:
        return self.names.get(kind, ()) + self.fixed.get(kind, ())

    def with_name(self, kind: str, name: str, fixed: bool = False) -> Scope:
        table = self.fixed if fixed else self.names
        if name in table.get(kind, ()):
            return self
        grown = table | {kind: (*table.get(kind, ()), name)}
        return replace(self, fixed=grown) if fixed else replace(self, names=grown)

    def joined(self, other: Scope) -> Scope:
        """After a branch: what both sides have, or what the only side has that goes on."""
        if not self.reachable or not other.reachable:
            return other if other.reachable else self
        names = {k: tuple(n for n in mine if n in other.names.get(k, ())) for k, mine in self.names.items()}
        fixed = {k: tuple(n for n in mine if n in other.fixed.get(k, ())) for k, mine in self.fixed.items()}
        return Scope(names, fixed)


NAMES = {"vector": "a", "scalar": "s", "whole": "w", "int": "k", "float": "f", "bool": "flag"}
NAMES |= {"rows": "rows", "maybe": "o"}
START = Scope({kind: (name,) for kind, name in NAMES.items()}, {"vector": ("x", "y", "m"), "whole": ("n",)})


class Writer:
    """Writes one program: each `write_*` adds lines at an indentation and returns the scope after them."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.fresh = itertools.count(1)
        self.budget = draw(st.integers(2, 12))
        self.stateful = draw(st.integers(0, 2)) == 2
        self.result = draw(st.lists(st.sampled_from(RESULTS), min_size=1, max_size=5))
        self.perhaps: list[str] = []

    def pick(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def chance(self, one_in: int) -> bool:
        """True one time in `one_in`; False is what a failing example shrinks to."""
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def name(self, prefix: str) -> str:
        return f"{prefix}{next(self.fresh)}"

    # Expressions ---------------------------------------------------------------------------------------------------

    def fill(self, template: str, scope: Scope, depth: int = 0) -> str:
        """The template with its holes filled, from the left."""
        before, hole, rest = template.partition("{")
        if not hole:
            return before
        kind, _, after = rest.partition("}")
        return before + self.hole(kind, scope, depth) + self.fill(after, scope, depth)

    def hole(self, kind: str, scope: Scope, depth: int) -> str:
        if kind == "C":
            return repr(self.pick([0.3, -0.7, 1.1]))
        if kind == "I":
            return self.pick(["0", "2", "-1", *(f"{n} % 3" for n in scope.names["int"] + scope.names["whole"])])
        if kind == "LOCAL":
            return self.pick(scope.names["vector"])
        if kind == "test":
            return self.fill(self.pick(TESTS), scope, depth + 1)
        names = list(scope.readable(kind))
        if self.stateful and kind in ("vector", "int"):
            names.append("self.memory" if kind == "vector" else "self.count")
        if depth < 2 and kind in EXPRESSIONS and self.chance(4):
            return "(" + self.fill(self.pick(EXPRESSIONS[kind]), scope, depth + 1) + ")"
        return self.pick(names)

    def remember(self, outside: Scope, inside: Scope) -> None:
        """The numbers that got a name inside a block have one after it only if the block ran."""
        for kind in ("scalar", "whole", "int", "float", "bool"):
            self.perhaps += [name for name in inside.names[kind] if name not in outside.names[kind]]

    # Statements ----------------------------------------------------------------------------------------------------

    def write_block(self, indent: int, scope: Scope, depth: int, in_loop: bool) -> Scope:
        """One or more statements; what follows a jump is not written."""
        scope = self.write_statement(indent, scope, depth, in_loop)
        while scope.reachable and self.budget > 0 and self.chance(2):
            scope = self.write_statement(indent, scope, depth, in_loop)
        if scope.reachable and indent > 2 and self.chance(3 if in_loop else 4):
            scope = self.write_jump(indent, scope, in_loop)
        return scope

    def write_statement(self, indent: int, scope: Scope, depth: int, in_loop: bool) -> Scope:
        self.budget -= 1
        plain = [self.write_assignment, self.write_write, self.write_alias, self.write_check, self.write_no_grad]
        if depth < MAX_DEPTH and self.budget > 0:
            nested = self.pick([None, self.write_if, self.write_loop])
            if nested is not None:
                return nested(indent, scope, depth, in_loop)
        return self.pick([self.write_assignment, *plain])(indent, scope)

    def write_assignment(self, indent: int, scope: Scope) -> Scope:
        kind = self.pick([*EXPRESSIONS, "maybe"])
        new = kind != "maybe" and self.chance(3)
        name = self.name(kind[0]) if new else self.pick(scope.names[kind])
        value = self.fill(self.pick(EXPRESSIONS["vector" if kind == "maybe" else kind]), scope)
        self.line(indent, f"{name} = {value}")
        return scope.with_name(kind, name)

    def write_write(self, indent: int, scope: Scope) -> Scope:
        """To a tensor in place, to a list, or to the object."""
        self.line(indent, self.fill(self.pick(WRITES + STATE_WRITES * self.stateful), scope))
        return scope

    def write_alias(self, indent: int, scope: Scope) -> Scope:
        """A second name for a tensor, or a view of it."""
        kind, view = self.pick([("vector", ""), ("vector", ".view(3)"), ("scalar", f"[{self.hole('I', scope, 0)}]")])
        name = self.name("z")
        self.line(indent, f"{name} = {self.pick(scope.names['vector'])}{view}")
        return scope.with_name(kind, name)

    def write_check(self, indent: int, scope: Scope) -> Scope:
        """An assert or a raise, or a read of what perhaps has no value."""
        if self.perhaps and self.chance(2):
            self.line(indent, f"s = s * 0.5 + {self.pick(self.perhaps)}")
        elif self.chance(2):
            self.line(indent, self.fill("if {vector}.sum() > 4.0 and {test}:", scope))
            self.line(indent + 1, self.fill('raise ValueError("sum above", {int})', scope))
        else:
            self.line(indent, self.fill('assert {scalar} < 3.0, "too large"', scope))
        return scope

    def write_no_grad(self, indent: int, scope: Scope) -> Scope:
        self.line(indent, "with torch.no_grad():")
        return self.write_assignment(indent + 1, scope)

    def write_jump(self, indent: int, scope: Scope, in_loop: bool) -> Scope:
        jump = self.pick(["continue", "break", "continue", "break", "return"] if in_loop else ["return"])
        if jump == "return":
            self.write_return(indent, scope)
        else:
            self.line(indent, jump)
        return replace(scope, reachable=False)

    def write_return(self, indent: int, scope: Scope) -> None:
        values = [self.fill(template, scope, 1) for template in self.result]
        self.line(indent, f"return {', '.join(values)}")

    def write_if(self, indent: int, scope: Scope, depth: int, in_loop: bool) -> Scope:
        self.line(indent, f"if {self.hole('test', scope, 0)}:")
        after = self.write_block(indent + 1, scope, depth + 1, in_loop)
        seen = [after]
        while len(seen) < 3 and self.chance(3):
            self.line(indent, f"elif {self.hole('test', scope, 0)}:")
            seen.append(self.write_block(indent + 1, scope, depth + 1, in_loop))
        last = scope
        if self.chance(2):
            self.line(indent, "else:")
            last = self.write_twins(indent + 1, scope, seen[0])
            last = self.write_block(indent + 1, last, depth + 1, in_loop)
        for side in seen:
            self.remember(scope, side)
            last = last.joined(side)
        return last

    def write_twins(self, indent: int, scope: Scope, other: Scope) -> Scope:
        """Some of the names that the other side has made get a value on this side too."""
        for kind in EXPRESSIONS:
            for name in other.names[kind]:
                if name not in scope.names[kind] and self.chance(2):
                    self.line(indent, f"{name} = {self.fill(self.pick(EXPRESSIONS[kind]), scope)}")
                    scope = scope.with_name(kind, name)
        return scope

    def write_loop(self, indent: int, scope: Scope, depth: int, in_loop: bool) -> Scope:
        names = {key: self.name(key) for key in "ciuv"}
        before, inside = scope, scope
        opened = False
        for template in self.pick(LOOPS):
            if "{c} = 0" in template:
                before = inside = scope.with_name("int", names["c"], fixed=True)
            for key, name in names.items():
                template = template.replace("{" + key + "}", name)
            self.line(indent + opened, self.fill(template, inside))
            if template.startswith(("while", "for")):
                opened = True
                for key, kind in (("i", "int"), ("u", "scalar"), ("v", "scalar")):
                    if names[key] in template:
                        inside = inside.with_name(kind, names[key], fixed=True)
        after = self.write_block(indent + 1, inside, depth + 1, True)
        self.remember(scope, after)
        if self.chance(4):
            self.line(indent, "else:")
            self.write_block(indent + 1, before, depth + 1, in_loop)
        return before

    def write_program(self) -> str:
        scope = START
        while scope.reachable and self.budget > 0:
            scope = self.write_statement(2, scope, 0, False)
        if scope.reachable:
            self.write_return(2, scope)
        return PRELUDE + "\n".join(self.lines) + "\n"


@st.composite
def programs(draw: Callable[[st.SearchStrategy[Any]], Any]) -> RandomProgram:
    text = Writer(draw).write_program()
    return RandomProgram(text, tuple(tuple(draw(st.permutations(VALUES))) for _ in range(3)))
