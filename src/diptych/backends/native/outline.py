"""Loops as C functions of their own, that are given the memory they work on; loops that differ only in it are one.

A program that was unrolled step by step repeats its loops many times; the C compiler sees each of them once. What it
takes for a function grows faster than the function does; and as a parameter, memory can be declared to be no other's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from diptych.backends.native.nests import Block, Lines, Nest
from diptych.backends.native.values import Buffer, times

SHORT = 128
"""Loops of fewer elements stay where they are, in a program that is not long and does not repeat them."""
LONG = 1500
"""From how many lines on a program is long."""
WRITTEN = re.compile(r"\s*(p\d+)\[.*\] [-+*|&]?= ")
DECLARED = re.compile(r"(?:const )?(?:float|double|bool|u?int\d*_t) (\w+) = ")
SCALAR = re.compile(r"\b(double|int64_t|bool) ([a-z]+\d+) = ")
TOKEN = re.compile(r"[A-Za-z_]\w*")
ACCESS = re.compile(r"\b([a-z]+\d+)\[(?:([\d*]+)(?: \+ |(?=\])))?")
KEYWORDS = r"const|for|if|else|pragma|GCC|ivdep|omp|parallel|simd|reduction|min|max|unroll|break|continue"
TYPES = r"float|double|bool|int|u?int\d+_t|unsigned"
WORD = re.compile(rf"{KEYWORDS}|{TYPES}|true|false|NAN|INFINITY|INT64_M(?:AX|IN)")
NUMBER = re.compile(r"(?<![\w.])(?:0x[0-9a-f.]+p[+-]?\d+f?|\d[\w.]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """The text of loops, with parameters in place of names.

    Of each parameter that is memory `types` says the type of its elements, and whether nothing else is written through
    other ones; `numbers` are the types of the others.
    """

    text: tuple[str, ...]
    types: tuple[tuple[str, bool], ...]
    numbers: tuple[str, ...]

    def head(self, name: str) -> str:
        """The first line of the function."""
        memory = [f"{kind} *{'restrict ' * alone}p{k}" for k, (kind, alone) in enumerate(self.types)]
        numbers = [f"{kind} q{k}" for k, kind in enumerate(self.numbers)]
        return f"static __attribute__((noinline)) void {name}({', '.join([*memory, *numbers])}) {{"


def shape_of(
    lines: list[str], buffers: dict[str, Buffer], scalars: dict[str, str]
) -> tuple[Shape, tuple[str, ...]] | None:
    """Loops in general, and the addresses and numbers that these ones are about; None if they use anything else."""
    given: dict[str, str] = {}
    memory: list[Buffer] = []
    numbers: dict[str, str] = {}

    def access(found: re.Match[str]) -> str:
        name, offset = found[1], found[2]
        if name not in buffers:
            return found[0]
        address = f"{name} + {offset}" if offset and offset.strip("0") else name
        if address not in given:
            given[address] = f"p{len(given)}"
            memory.append(buffers[name].memory)
        rest = "" if found[0].endswith("[") or found[0].endswith(" + ") else "0"
        return f"{given[address]}[{rest}"

    texts = [ACCESS.sub(access, line) for line in lines]
    own = {name: f"v{k}" for k, name in enumerate(dict.fromkeys(n for line in texts for n in DECLARED.findall(line)))}
    known = set(given.values())

    def rename(found: re.Match[str]) -> str:
        word = found[0]
        if word in own:
            return own[word]
        following = found.string[found.end() : found.end() + 1]
        if word in known or WORD.fullmatch(word) or following == "(":
            return word
        if word in scalars:
            return numbers.setdefault(word, f"q{len(numbers)}")
        raise KeyError(word)

    try:
        shaped = tuple(renamed(line, rename) for line in texts)
    except KeyError:
        return None
    written = {memory[int(found[1][1:])] for line in shaped if (found := WRITTEN.match(line))}
    alone = [memory.count(buffer) == 1 or buffer not in written for buffer in memory]
    types = tuple((buffer.type, one) for buffer, one in zip(memory, alone, strict=True))
    return Shape(shaped, types, tuple(scalars[name] for name in numbers)), (*given, *numbers)


def renamed(line: str, rename: Callable[[re.Match[str]], str]) -> str:
    """A line with other names; numbers such as `0x1p+0f` are none."""
    parts: list[str] = []
    end = 0
    for number in NUMBER.finditer(line):
        parts += [TOKEN.sub(rename, line[end : number.start()]), number[0]]
        end = number.end()
    return "".join([*parts, TOKEN.sub(rename, line[end:])])


def outline(root: Block, buffers: list[Buffer], top: list[str], stem: str = "loops") -> list[str]:
    """Put calls in place of loops that are long, or there several times; the texts of the functions.

    `top` are lines that stand before, in which numbers may be declared; `stem` begins the names of the functions.
    """
    table = {buffer.name: buffer for buffer in buffers}
    scalars = {name: kind for line in [*top, *root.text(0)] for kind, name in SCALAR.findall(line)}
    every = sum(len(nest.text(0)) for _, _, nest in nests(root)) > LONG
    found: list[tuple[Block, int, Nest, Shape, tuple[str, ...]]] = []
    for block, place, nest in nests(root):
        remarks = len(dict.fromkeys(nest.remarks))
        shaped = shape_of(nest.text(0)[remarks:], table, scalars)
        if shaped is not None and shaped[0].text:
            found.append((block, place, nest, *shaped))
    counts = Counter(shape for *_, shape, _ in found)
    names: dict[Shape, str] = {}
    texts: list[str] = []
    for block, place, nest, shape, given in found:
        few = isinstance(size := times(*nest.sizes), int) and size < SHORT
        if few and not every and counts[shape] < 2:
            continue
        if shape not in names:
            names[shape] = f"{stem}{len(names)}"
            texts += [shape.head(names[shape]), *("    " + line for line in shape.text), "}"]
        remarks = [f"// {remark}" for remark in dict.fromkeys(nest.remarks)]
        block.statements[place] = Lines([*remarks, f"{names[shape]}({', '.join(given)});"])
    return texts


def nests(block: Block) -> list[tuple[Block, int, Nest]]:
    """All loops over elements, with where they stand."""
    made: list[tuple[Block, int, Nest]] = []
    for place, statement in enumerate(block.statements):
        if isinstance(statement, Nest):
            made.append((block, place, statement))
        for inner in statement.blocks():
            made += nests(inner)
    return made
