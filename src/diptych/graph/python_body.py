"""The statements of a module: one step after the other, regions as the blocks of `if` and `while`.

A value that is used once, by a step of the same source line, waits on a stack; a step whose last operands lie on top of
the stack takes them into its own expression, so that everything is still evaluated in the order of the graph.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import fx
from torch.fx.node import map_arg

from diptych.graph import own, vocabulary, walk
from diptych.graph.control import Function, Raise, cond, while_loop
from diptych.graph.fold import Fold
from diptych.graph.functions import Draw
from diptych.graph.lines import first_line
from diptych.graph.python_block import Block
from diptych.graph.python_names import Names, assigned, wish
from diptych.graph.python_ops import ATOM, NOT, UNARY, Expression, expression
from diptych.graph.python_values import Types, tuple_text

INLINE = 60
"""A value whose text is longer than this is given a name even if it is used once."""


class Context(Protocol):
    """What a body needs from the program around it."""

    types: Types

    def constant(self, tensor: torch.Tensor) -> str:
        """The expression of a tensor constant."""
        ...

    def call(self, target: Any, arguments: str) -> str:
        """The expression of a call of a function, an own operation or a user's autograd function."""
        ...

    def raised(self, target: Raise, operands: Sequence[Any]) -> Sequence[Any]:
        """What a raise is written with: values of the graph and constants."""
        ...

    def raising(self, target: Raise, operands: list[str]) -> str:
        """The statement that raises, given the expressions of what it is written with."""
        ...


@dataclass
class Body:
    """Writes modules as statements.

    `values` holds the expression of each value, or of each part of one; values in `named` always get a name; `destined`
    says which name.
    """

    context: Context
    names: Names
    named: set[fx.Node] = field(default_factory=set[fx.Node])
    values: dict[fx.Node, Expression | list[Expression]] = field(default_factory=dict)
    destined: dict[fx.Node, str] = field(default_factory=dict)
    waiting: list[fx.Node] = field(default_factory=list)
    place: tuple[str, int] | None = None

    def bind(self, module: fx.GraphModule, values: Sequence[Expression]) -> None:
        """Let the parameters of a module stand for these expressions."""
        for node, value in zip(walk.placeholders(module), values, strict=True):
            self.values[node] = value

    def block(self, module: fx.GraphModule) -> tuple[Block, list[Expression]]:
        """The statements of a module whose parameters are bound, and its outputs (None where it diverges)."""
        block = Block()
        around, self.waiting = self.waiting, []
        for node in walk.steps(module):
            if (found := walk.component(node)) is not None:
                whole = self.values[found[0]]
                assert isinstance(whole, list)
                self.values[node] = whole[found[1]]
            elif node.op == "get_attr":
                self.values[node] = Expression(self.context.constant(walk.attribute(module, str(node.target))))
            else:
                self.comment(node, block)
                self.step(node, block)
        outputs = walk.outputs(module)
        self.settle(outputs, block, everything=True)
        self.waiting = around
        return block, [self.render(value) for value in outputs]

    def comment(self, node: fx.Node, block: Block) -> None:
        where = walk.where_of(node)
        if where is not None and self.place != (where.file, where.line):
            self.settle((), block, everything=True)
            self.place = (where.file, where.line)
            block.add(f"# {os.path.basename(where.file)}:{where.line}  {first_line(where.text)}".rstrip())

    def step(self, node: fx.Node, block: Block) -> None:
        target = node.target
        if target is cond:
            self.settle(node.args[:1], block, everything=True)
            self.write_if(node, block)
        elif target is while_loop:
            self.settle(node.args[2], block, everything=True)
            self.write_while(node, block)
        elif isinstance(target, Raise):
            arguments = self.context.raised(target, node.args)
            self.settle(arguments, block, everything=True)
            block.add(self.context.raising(target, [self.render(value).text for value in arguments]))
        else:
            waits = self.may_wait(node)
            self.settle((node.args, node.kwargs), block, everything=not waits)
            written = self.expression(node)
            if waits and len(written.text) <= INLINE:
                self.values[node] = [written] if walk.parts(node) is not None else written
                for user in node.users if walk.parts(node) is not None else ():
                    self.values[user] = written
                self.waiting.append(node)
            else:
                self.settle((), block, everything=True)
                self.assign(node, written, block)

    def expression(self, node: fx.Node) -> Expression:
        target = node.target
        users_own = vocabulary.autograd_function(target) or isinstance(target, Draw)
        if not (walk.called(node) or own.name_of(target) or users_own):
            return expression(node, self.render)
        given = node.args
        if isinstance(target, Fold):
            given = (*node.args[:2], *target.parts(node.args[2:]))
        arguments = [self.render(value).text for value in given]
        arguments += [f"{key}={self.render(value).text}" for key, value in node.kwargs.items()]
        return Expression(self.context.call(target, ", ".join(arguments)))

    def may_wait(self, node: fx.Node) -> bool:
        """Whether the one use of a value is such that its expression can be written there."""
        source = node
        if isinstance(node.target, Function) and len(node.meta["spec"]) == 1 and len(node.users) == 1:
            source = next(iter(node.users))
        elif walk.parts(node) is not None:
            return False
        if len(source.users) != 1 or source in self.destined:
            return False
        (user,) = source.users
        used: Any = (user.args, user.kwargs)
        if user.op == "output":
            return sum(value is source for value in walk.outputs(walk.owner(node))) == 1 and source not in self.named
        if user.target is cond:
            used = user.args[:1]
        elif user.target is while_loop:
            used = user.args[2]
        elif isinstance(user.target, Raise):
            used = self.context.raised(user.target, user.args)
        same_line = walk.where_of(user) == walk.where_of(node)
        return same_line and sum(value is source for value in _nodes(used)) == 1

    def settle(self, used: Any, block: Block, everything: bool) -> None:
        """Give names to waiting values that the next step cannot take over; to all others too if `everything`."""
        kept: list[fx.Node] = []
        for value in reversed(list(_nodes(used))):
            source = _source(value)
            if source not in self.waiting:
                continue
            if self.waiting[-1] is not source:
                break
            kept.append(self.waiting.pop())
        needed = {_source(value) for value in _nodes(used)}
        last = max((k for k, node in enumerate(self.waiting) if node in needed or everything), default=-1)
        for node in self.waiting[: last + 1]:
            value = self.values[node]
            self.assign(node, value[0] if isinstance(value, list) else value, block)
        del self.waiting[: last + 1]

    def assign(self, node: fx.Node, written: Expression, block: Block) -> None:
        """Write an assignment of an expression to new names, one for each part that is used."""
        parts = walk.parts(node)
        if parts is None:
            if not node.users:
                block.add(written.text)
                return
            name = self.destined.get(node) or self.names.fresh(wish(node))
            block.add(f"{name} = {written.text}")
            self.values[node] = Expression(name)
            return
        used = self.used_parts(node)
        names = [self.name_part(node, k, wish(node)) if k in used else "_" for k in range(len(parts))]
        self.values[node] = values = [Expression(name) for name in names]
        for user in node.users:
            if (found := walk.component(user)) is not None:
                self.values[user] = values[found[1]]
        alone = isinstance(node.target, Function) and len(parts) == 1
        targets = names[0] if alone else ", ".join(names) if len(names) > 1 else f"({''.join(names)},)"
        block.add(f"{targets} = {written.text}" if used else written.text)

    def used_parts(self, node: fx.Node) -> set[int]:
        """The parts of a value that are used; all of them if it is used whole."""
        found = [walk.component(user) for user in node.users]
        if any(part is None for part in found):
            return set(range(len(walk.parts(node) or ())))
        return {part[1] for part, user in zip(found, node.users, strict=True) if part is not None and user.users}

    def name_part(self, node: fx.Node, index: int, wanted: str) -> str:
        for user in node.users:
            if (found := walk.component(user)) is not None and found[1] == index and user in self.destined:
                return self.destined[user]
        return self.names.fresh(wanted)

    def write_if(self, node: fx.Node, block: Block) -> None:
        condition = self.render(node.args[0])
        sides, used = walk.regions(node), sorted(self.used_parts(node))
        returned = [walk.outputs(side) for side in sides]
        targets = {k: self.name_part(node, k, _variable(*(outputs[k] for outputs in returned))) for k in used}
        self.values[node] = [Expression(targets.get(k, "None")) for k in range(len(node.meta["spec"]))]
        blocks = [self.side(side, walk.operands(node), targets) for side in sides]
        negated = Expression(f"not {condition.within(NOT)}", NOT)
        block.add_if(condition.text, negated.text, *blocks)

    def side(self, module: fx.GraphModule, operands: Sequence[Any], targets: dict[int, str]) -> Block:
        """One side of an `if`, which ends by assigning its outputs to `targets`."""
        self.bind(module, [self.render(value) for value in operands])
        outputs = walk.outputs(module)
        self.named.update(v for k, v in enumerate(outputs) if k not in targets and isinstance(v, fx.Node))
        for k, name in targets.items():
            value = outputs[k]
            if isinstance(value, fx.Node) and len(value.users) == 1 and outputs.count(value) == 1:
                found = walk.component(value)
                if found is not None and found[0].target in (cond, while_loop):
                    self.destined[value] = name
        place = self.place
        block, values = self.block(module)
        self.place = place
        if not walk.diverges(module):
            block.add(*(f"{name} = {values[k].text}" for k, name in targets.items() if values[k].text != name))
        return block

    def write_while(self, node: fx.Node, block: Block) -> None:
        test, body = walk.regions(node)
        start = [self.render(value) for value in node.args[2]]  # type: ignore[union-attr]
        returned = walk.outputs(body)
        names = [self.name_part(node, k, _variable(value)) for k, value in enumerate(returned)]
        if names:
            block.add(f"{', '.join(names)} = {', '.join(value.text for value in start)}")
        self.values[node] = carried = [Expression(name) for name in names]
        operands = [self.render(value) for value in node.args[3]]  # type: ignore[union-attr]
        self.bind(test, [*carried, *operands])
        round_, (condition,) = self.block(test)
        head = "while True:"
        if not round_:
            head, round_ = f"while {condition.text}:", Block()
        elif not walk.diverges(test):
            round_.add(f"if not {condition.within(NOT)}:", Block(["break"]))
        self.bind(body, [*carried, *operands])
        inner, values = self.block(body)
        round_.add(*inner.items)
        changed = [(name, value.text) for name, value in zip(names, values, strict=True) if name != value.text]
        if changed and not walk.diverges(body):
            round_.add(f"{', '.join(name for name, _ in changed)} = {', '.join(text for _, text in changed)}")
        block.add(head, round_ if round_ else Block([*round_.items, "pass"]))
        self.place = None

    def render(self, value: Any) -> Expression:
        """The expression of an argument."""
        match value:
            case fx.Node():
                found = self.values[value]
                return found if isinstance(found, Expression) else Expression(tuple_text([e.text for e in found]))
            case tuple():
                return Expression(tuple_text([self.render(item).text for item in value]))
            case list():
                return Expression(f"[{', '.join(self.render(item).text for item in value)}]")
            case slice():
                parts = [self.render(item).text for item in (value.start, value.stop, value.step)]
                return Expression(f"slice({', '.join(parts)})")
            case int() | float() if value < 0:
                return Expression(self.context.types.literal(value), UNARY)
            case _:
                return Expression(self.context.types.literal(value), ATOM)


def _nodes(value: Any) -> Iterator[fx.Node]:
    """The nodes in an argument structure, in order, as often as they occur."""
    found: list[fx.Node] = []
    map_arg(value, found.append)
    return iter(found)


def _source(node: fx.Node) -> fx.Node:
    """The node that computes a value: for the only part of a call, the call."""
    found = walk.component(node)
    return found[0] if found is not None else node


def _variable(*values: Any) -> str:
    """What to call a value that control flow gives: the variable that one of `values` is assigned to."""
    for value in values:
        if isinstance(value, fx.Node):
            source = _source(value)
            where = walk.where_of(source)
            if source.op == "call_function" and where is not None and (name := assigned(where.text)) is not None:
                return name
    return "value"
