"""The process of a peer that runs in torch: `python -m benchmarks.speed.torch_process PIPE JOB`."""

from __future__ import annotations

import importlib
import json
import sys
from multiprocessing.connection import Connection
from typing import Any

import torch

from benchmarks.speed.registry import find
from benchmarks.speed.serve import Server, answer, told
from benchmarks.speed.work import Work, results

PEERS = {
    "imperative": ("imperative", "prepare"),
    "diptych": ("hybrid", "prepare"),
    "diptych-auto": ("hybrid", "prepare_auto"),
    "diptych-native": ("hybrid", "prepare_native"),
    "compile": ("inductor", "prepare"),
    "max-autotune": ("inductor", "prepare_tuned"),
    "aotinductor": ("aot", "prepare"),
    "script": ("script", "prepare"),
}
"""The file of `peers/`, and its function that gets the work and gives what is called."""


class TorchSubject:
    """A program of `programs/` in the hands of a peer."""

    def __init__(self, name: str, peer: str, small: bool, seed: int) -> None:
        torch.manual_seed(seed)
        self.work: Work = find("programs", name)(seed, small)
        self.peer = peer
        self.run: Any = None
        self.module: Any = None
        torch.set_grad_enabled(self.work.training)

    def load(self) -> None:
        """The peer's own imports."""
        self.module = importlib.import_module(f"benchmarks.speed.peers.{PEERS[self.peer][0]}")

    def prepare(self) -> None:
        self.run = getattr(self.module, PEERS[self.peer][1])(self.work)

    def arguments(self, number: int) -> tuple[Any, ...]:
        return self.work.batches[number % len(self.work.batches)]

    def call(self, arguments: tuple[Any, ...]) -> Any:
        return self.run(*arguments)

    def seed(self, number: int) -> None:
        torch.manual_seed(1000 + number)

    def restore(self) -> None:
        self.work.restore()

    def results(self, result: Any) -> list[Any]:
        return results(result)

    def busy(self) -> bool:
        return bool(getattr(self.module, "busy", lambda run: False)(self.run))

    def facts(self) -> dict[str, Any]:
        return self.module.facts(self.run)


class TorchServer(Server):
    """What only a process of torch can tell."""

    def __init__(self, subject: TorchSubject) -> None:
        super().__init__(subject)
        self.work = subject.work

    def about(self) -> dict[str, Any]:
        """What the parent wants to know of the program."""
        work = self.work
        about = {"training": work.training, "draws": work.draws}
        return {**about, "tolerance": work.tolerance, "checked": work.checked}

    def export(self) -> dict[str, Any]:
        """What a peer outside torch begins with: weights and batches as NumPy arrays."""
        batches = [self.work.plain(batch) for batch in self.work.batches]
        return {"parameters": self.work.parameters(), "batches": batches}


def main() -> None:
    pipe, job = int(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(job["threads"])
    with Connection(pipe) as connection:
        try:
            server = TorchServer(TorchSubject(job["program"], job["peer"], job["small"], job["seed"]))
        except Exception as error:
            connection.send(("problem", told(error)))
            return
        connection.send(("answer", None))
        answer(server, connection)


if __name__ == "__main__":
    main()
