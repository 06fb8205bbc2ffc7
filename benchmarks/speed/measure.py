"""One program by all peers: each begins alone in its own process, then they take turns in short blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.speed.process import Job, Problem, Process
from benchmarks.speed.registry import PEERS

FIRST_CALLS = 200
STARTING = 120.0
"""Seconds for a process to import its libraries and to make the program."""


@dataclass(frozen=True)
class Settings:
    """`limit`: seconds for the first calls of a peer, preparing included. `rounds` of blocks of `block` seconds.

    After its first calls a peer goes on for at least `warm` seconds since the first one began. `jax` is the Python that
    has JAX; `caches` is an empty folder for what the peers keep on disk.
    """

    small: bool = False
    threads: int = 2
    rounds: int = 15
    limit: float = 120.0
    block: float = 0.1
    warm: float = 2.0
    seed: int = 0
    jax: str = ""
    caches: str = ""

    def process(self, program: str, peer: str) -> Process:
        """A fresh one."""
        return Process(Job(program, peer, self.small, self.seed, self.threads, self.jax, self.caches))


@dataclass
class Raw:
    """What was measured of one peer, in seconds and bytes; `problem` is why it was not, or not to the end.

    `times` and `ends` are those of all calls before the blocks, of which `first_calls` are those that count as first;
    `blocks` has the times of the calls of each round.
    """

    peer: str
    problem: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    results: list[list[Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    first_calls: int = 0
    blocks: list[list[float]] = field(default_factory=list)
    cold_memory: int = 0
    memory: int = 0
    library: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


def measure(program: str, peers: list[str], settings: Settings, say: Callable[[str], None] = print) -> list[Raw]:
    """All peers of one program; the imperative one is always among them, as the first."""
    raws = [Raw(peer) for peer in PEERS if peer in peers or peer == "imperative"]
    with processes() as running:
        given: Any = None
        for raw in raws:
            say(f"{program}: {raw.peer} begins")
            with noted(raw):
                process = running[raw.peer] = settings.process(program, raw.peer)
                if raw.peer == "jax":
                    given = given or running["imperative"].ask("export")
                    process.send(given)
                process.receive(STARTING)
                if raw.peer != "jax":
                    raw.about = process.ask("about")
                begin(process, raw, raws[0].about["checked"], settings)
            if raw.problem and raw.peer == "imperative":
                raise Problem(f"{program}, imperative: {raw.problem}")
        taking = [raw for raw in raws if raw.problem is None]
        calls = calls_of_block(taking, settings.block)
        for number in range(settings.rounds):
            say(f"{program}: round {number + 1} of {settings.rounds}, blocks of {calls} calls")
            turns = taking[number % len(taking) :] + taking[: number % len(taking)]
            for raw in turns if number % 2 else turns[::-1]:
                if raw.problem is None:
                    with noted(raw):
                        times = running[raw.peer].ask("block", number * calls, calls, seconds=settings.limit)
                        raw.blocks.append(times)
        for raw in taking:
            if raw.problem is None:
                with noted(raw):
                    end = running[raw.peer].ask("end")
                    raw.memory, raw.library, raw.facts = end["memory"], end["library"], end["facts"]
    return raws


def acquaint(peers: list[str], settings: Settings, say: Callable[[str], None] = print) -> None:
    """Each peer compiles a trivial program, so that what it makes once for a machine is not counted for a program.

    Such are the headers that `torch.compile` compiles before anything else.
    """
    for peer in peers:
        say(f"{peer} gets acquainted with the machine")
        raw = Raw(peer)
        with processes() as running, noted(raw):
            process = running[peer] = settings.process("trivial/infer", peer)
            if peer == "jax":
                continue
            process.receive(STARTING)
            begin(process, raw, 0, settings)


def begin(process: Process, raw: Raw, checked: int, settings: Settings) -> None:
    """The first calls, and those until full speed; the results of the first `checked` are kept."""
    first = process.ask("first", FIRST_CALLS, checked, settings.limit / 2, seconds=settings.limit)
    warm = process.ask("warm", settings.warm, settings.limit / 2, seconds=settings.limit)
    raw.first_calls, raw.results = len(first["times"]), first["results"]
    raw.times, raw.ends = first["times"] + warm["times"], first["ends"] + warm["ends"]
    raw.cold_memory = process.ask("cold_memory")


def calls_of_block(raws: list[Raw], seconds: float) -> int:
    """All peers make the same calls in a round; the slowest one needs about so many seconds for them."""
    slowest = max(median(raw.times[-20:]) for raw in raws)
    return min(1000, max(1, int(seconds / slowest)))


@contextmanager
def processes() -> Iterator[dict[str, Process]]:
    """Those that are put in are stopped at the end."""
    running: dict[str, Process] = {}
    try:
        yield running
    finally:
        for process in running.values():
            process.stop()


@contextmanager
def noted(raw: Raw) -> Iterator[None]:
    """A problem is the peer's own: it is written down, and the others go on."""
    try:
        yield
    except Problem as problem:
        raw.problem = str(problem)
