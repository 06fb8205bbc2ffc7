"""What a process does for one peer and one program: called when told to, it keeps its own time.

The parent says what to do through a pipe, so that the processes of all peers take turns. This file imports neither
torch nor JAX: both kinds of process run it.
"""

from __future__ import annotations

import gc
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from benchmarks.speed.registry import NotApplicable

SETTLING = 0.002
"""Seconds that calls go on unmeasured at the begin of a block: another process has just had the caches."""


class Subject(Protocol):
    """A program in the hands of a peer."""

    def load(self) -> None:
        """The peer's own imports; not timed."""
        ...

    def prepare(self) -> None:
        """Give the program to the peer; part of the time of the first call."""
        ...

    def arguments(self, number: int) -> Any:
        """Those of call number `number`."""
        ...

    def call(self, arguments: Any) -> Any:
        """One step, complete when it returns."""
        ...

    def seed(self, number: int) -> None:
        """The random stream of step `number`."""
        ...

    def restore(self) -> None:
        """The state from before the first step."""
        ...

    def results(self, result: Any) -> list[Any]:
        """The numbers of what `call` returned, as NumPy arrays."""
        ...

    def busy(self) -> bool:
        """Whether the peer is still at work in the background."""
        ...

    def facts(self) -> dict[str, Any]:
        """What the peer says about itself."""
        ...


def memory(what: str) -> int:
    """Bytes of this process: `VmHWM` the most it ever had, `VmRSS` what it has."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {what}")


def forget_peak() -> None:
    """From now on `VmHWM` begins at what the process has."""
    Path("/proc/self/clear_refs").write_text("5")


class Server:
    """Answers what the parent asks, one method a question."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        gc.collect()
        before = memory("VmRSS")
        subject.load()
        gc.collect()
        self.baseline = memory("VmRSS")
        self.library = self.baseline - before
        forget_peak()
        self.number = 0
        self.began = 0.0

    def first(self, calls: int, checked: int, seconds: float) -> dict[str, Any]:
        """The first calls: at most so many, none begun after so many seconds.

        Gives the results of the first `checked`, and of all calls when they ended, since the beginning, and how long
        they took; preparing is part of the first call.
        """
        ends: list[float] = []
        times: list[float] = []
        results: list[list[Any]] = []
        aside = 0.0
        subject = self.subject
        subject.seed(0)
        arguments = subject.arguments(0)
        self.began = begin = time.perf_counter()
        subject.prepare()
        while True:
            result = subject.call(arguments)
            end = time.perf_counter()
            times.append(end - begin)
            ends.append(end - self.began - aside)
            self.number += 1
            if len(results) < checked:
                results.append(subject.results(result))
            if self.number >= calls or ends[-1] > seconds:
                break
            arguments = subject.arguments(self.number)
            if self.number < checked:
                subject.seed(self.number)
            begin = time.perf_counter()
            aside += begin - end
        return {"times": times, "ends": ends, "results": results}

    def warm(self, least: float, most: float) -> dict[str, Any]:
        """Calls go on until `least` seconds after the first one began and no faster ones come, or until `most`."""
        ends: list[float] = []
        times: list[float] = []
        before = float("inf")
        while True:
            chunk: list[float] = []
            chunk_begin = time.perf_counter()
            while time.perf_counter() - chunk_begin < 0.5 or len(chunk) < 3:
                arguments = self.subject.arguments(self.number)
                begin = time.perf_counter()
                self.subject.call(arguments)
                end = time.perf_counter()
                chunk.append(end - begin)
                ends.append(end - self.began)
                self.number += 1
            times += chunk
            now, passed = median(chunk), ends[-1]
            if passed > most or (passed > least and now > 0.95 * before and not self.subject.busy()):
                return {"times": times, "ends": ends}
            before = now

    def cold_memory(self) -> int:
        """The peak until now, without what the process had before the peer was loaded; later peaks count anew."""
        peak = memory("VmHWM") - self.baseline
        gc.collect()
        forget_peak()
        return peak

    def block(self, number: int, calls: int) -> list[float]:
        """Seconds of so many calls from call `number` on, from the state at the beginning."""
        subject = self.subject
        settled = time.perf_counter() + SETTLING
        while True:
            subject.call(subject.arguments(number))
            if time.perf_counter() > settled:
                break
        subject.restore()
        subject.seed(number)
        times: list[float] = []
        for k in range(number, number + calls):
            arguments = subject.arguments(k)
            begin = time.perf_counter()
            subject.call(arguments)
            times.append(time.perf_counter() - begin)
        return times

    def end(self) -> dict[str, Any]:
        """What is known after all calls."""
        peak = memory("VmHWM") - self.baseline
        return {"memory": peak, "library": self.library, "facts": self.subject.facts()}


def answer(server: Any, connection: Connection) -> None:
    """Until the parent hangs up."""
    while True:
        try:
            question, arguments = connection.recv()
        except EOFError:
            return
        try:
            connection.send(("answer", getattr(server, question)(*arguments)))
        except Exception as error:
            connection.send(("problem", told(error)))


def told(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, NotApplicable):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {lines[0] if lines else f'{place.filename}, line {place.lineno}'}"
