"""Writes random programs with state, aliases, exceptions, random draws and training steps: a program is a number.

`write(number)` is the text of a module with `make()`, `state(program)` and `before_call(program, number)`, as a case
file has them.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.capture.stateful.blocks import BLOCKS, LOOP_KINDS
from tests.capture.stateful.expressions import EXPRESSIONS, GIVEN, RESULTS, START, TESTS
from tests.capture.stateful.statements import STATEMENTS
from tests.capture.stateful.surroundings import CHANGES, CLASS, DEFINITIONS

MAX_DEPTH = 3
THEMES = ["state", "fixed", "alias", "random", "raise", "hyper", "closure", "module", "train"]
STYLES = ["method", "module", "closure"]
VALUES = [0.3, -0.7, 1.1, -1.6, 0.05, 2.3, -0.2, 0.6, 1.4, -0.45, 0.85, -1.15]  # all different: no ties


class Writer:
    """Draws one program; every method that returns text draws from the same stream."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.sized = self.chance(5)  # the sizes of the arguments vary
        themes = [theme for theme in THEMES if not (self.sized and theme in ("fixed", "train"))]
        self.themes = ["plain", *self.random.sample(themes, self.random.choice([1, 2, 2, 3]))]
        self.style = self.pick(STYLES)
        self.names = {kind: [*START.get(kind, ()), *GIVEN.get(kind, ())] for kind in START}
        if "alias" not in self.themes:
            self.names["rows"].remove("items")
        self.budget = self.random.randint(3, 9)
        self.fresh = itertools.count(1)
        self.results = [self.pick(RESULTS) for _ in range(self.random.randint(1, 4))]

    def pick(self, choices: list[str]) -> str:
        return self.random.choice(choices)

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def of_theme(self, table: dict[str, list[str]]) -> str:
        """A template of one of the program's themes: the theme first, so that small ones are heard."""
        return self.pick(table[self.pick([theme for theme in self.themes if theme in table])])

    # Expressions ---------------------------------------------------------------------------------------------------

    def fill(self, template: str, depth: int = 0) -> str:
        return re.sub(r"\$(\w+)", lambda hole: self.hole(hole[1], depth), template)

    def hole(self, kind: str, depth: int) -> str:
        if kind == "C":
            return self.pick(["0.3", "-0.7", "1.1"])
        if kind == "I":
            return self.pick(["0", "1", "-1", f"{self.pick(self.names['int'])} % 3"])
        if kind == "test":
            return self.fill(self.of_theme(TESTS), depth + 1)
        if kind == "result":
            return ", ".join(self.fill(template, 1) for template in self.results)
        if kind == "own":
            state = ["self.memory"] if "fixed" in self.themes else []
            return self.pick([*START["vector"], *START["vector"], "m", *state])
        if kind.startswith("to_"):
            return self.pick(list(START[kind.removeprefix("to_")]))
        if kind.startswith("in_"):
            return self.pick(self.names[kind.removeprefix("in_")])
        if kind.startswith("E_"):
            return self.fill(self.of_theme(EXPRESSIONS[kind.removeprefix("E_")]), depth)
        if depth < 2 and self.chance(4):
            return f"({self.fill(self.of_theme(EXPRESSIONS[kind]), depth + 1)})"
        return self.pick(self.names[kind])

    # Statements ----------------------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Names that are new inside are forgotten after it."""
        before = {kind: list(names) for kind, names in self.names.items()}
        yield
        self.names = before

    def block(self, depth: int, in_loop: bool) -> list[str]:
        """One or more statements."""
        lines = self.statement(depth, in_loop)
        while self.budget > 0 and self.chance(2):
            lines += self.statement(depth, in_loop)
        if in_loop and self.chance(6):
            lines += [f"if {self.fill('$test')}:", f"    {self.pick(['break', 'continue'])}"]
        return lines

    def statement(self, depth: int, in_loop: bool) -> list[str]:
        self.budget -= 1
        nested = depth < MAX_DEPTH and self.budget > 0 and self.chance(3)
        template = self.pick(BLOCKS) if nested else self.of_theme(STATEMENTS)
        return self.expanded(template, depth, in_loop)

    def expanded(self, template: str, depth: int, in_loop: bool) -> list[str]:
        """The lines of a template, with its blocks written and its holes filled from above."""
        new = {key: f"{key}{next(self.fresh)}" for key in sorted(set(re.findall(r"#(\w)", template)))}
        lines: list[str] = []
        with self.scope():
            for line in template.splitlines():
                text = line.lstrip()
                indent = line[: len(line) - len(text)]
                if text in ("BLOCK", "LOOP"):
                    inside = self.block(depth + 1, text == "LOOP" or (in_loop and text == "BLOCK"))
                    lines += [indent + line for line in inside]
                    continue
                lines.append(indent + self.fill(re.sub(r"#(\w)", lambda key: new[key[1]], text)))
                for key in re.findall(r"#(\w)", line):
                    if new[key] not in self.names[LOOP_KINDS[key]]:
                        self.names[LOOP_KINDS[key]].append(new[key])
        return lines

    # The module ----------------------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        lines: list[str] = []
        while self.budget > 0:
            lines += self.statement(0, False)
        lines.append(f"return {self.fill('$result')}")
        written = "\n".join(lines)
        needed = {
            name: value
            for table in START.values()
            for name, value in table.items()
            if re.search(rf"\b{name}\b", written)
        }
        return [f"{name} = {value}" for name, value in needed.items()] + lines

    def function(self) -> str:
        """The class and what makes the program of an object of it."""
        base = "nn.Module" if self.style == "module" else "object"
        text = CLASS.format(base=base, optimizer=self.pick(["SGD", "Adam"]))
        inner = "\n".join("        " + line for line in self.body())
        arguments = "x, y, m, n, items, j=1"
        if self.style == "closure":
            start = f"\ndef made(self):\n    def run({arguments}):\n"
            return f"{text}\n{start}{inner}\n\n    return run\n"
        name = "forward" if self.style == "module" else "run"
        return f"{text}\n    def {name}(self, {arguments}):\n{inner}\n"

    def call(self, number: int) -> str:
        size = self.random.choice([3, 3, 4]) if self.sized else 3
        numbers = self.random.sample(VALUES, 3 * size)
        texts = [", ".join(map(repr, numbers[at * size : at * size + size])) for at in range(3)]
        x, y, m = f"v({texts[0]}, grad=True)", f"v({texts[1]}, grad={self.chance(2)})", f"v({texts[2]})"
        items = f"[v({texts[1]})]"
        if "alias" in self.themes and self.chance(3):
            kind = self.random.randrange(6)
            if kind == 0:
                x, y = f"(p := {x})", "p"
            elif kind == 1:
                m, items = f"(p := {m})", "[p]"
            elif kind == 2:
                y, m = f"(p := v({texts[1]}))", "p"
            elif kind == 3:
                y, m = f"(p := v({texts[1]}))", "p.view(-1)"
            elif kind == 4 and not self.sized:
                m = "kept"
            else:
                items = f"[(p := v({texts[2]})), p]"
        n = self.random.randrange(4)
        j = ["", ", 2", ", 0"][self.random.choice([0, 0, 0, 1, 2])]
        return f"        ({x}, {y}, {m}, torch.tensor({n}), {items}{j}),"

    def changes(self, calls: int) -> list[str]:
        """What happens between the calls; nothing in most programs without the theme."""
        if not ("hyper" in self.themes or self.chance(4)):
            return ["    pass"]
        lines: list[str] = []
        for number in range(1, calls):
            if self.chance(2):
                lines += [f"    if number == {number}:", f"        {self.fill(self.pick(CHANGES))}"]
        return lines or ["    pass"]

    def module(self) -> str:
        function = self.function()
        calls = [self.call(number) for number in range(self.random.choice([5, 6]))]
        handed = {"method": "program.run", "module": "program", "closure": "made(program)"}[self.style]
        return "\n".join(
            [
                DEFINITIONS,
                "",
                function,
                "",
                "def v(*numbers, grad=False):",
                "    return torch.tensor(numbers, requires_grad=grad)",
                "",
                "",
                "def make():",
                "    program = Program()",
                "    HELD.append(program)",
                "    kept = v(0.15, -0.35, 0.95)",
                "    calls = [",
                *calls,
                "    ]",
                f"    return {handed}, calls",
                "",
                "",
                "def state(program):",
                "    return LOG",
                "",
                "",
                "def before_call(program, number):",
                "    owner = HELD[-1]",
                *self.changes(len(calls)),
                "",
            ]
        )


def write(number: int) -> str:
    """The text of the program with this number, always the same."""
    return Writer(number).module()
