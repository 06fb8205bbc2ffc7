"""The process of JAX: `python -m benchmarks.speed.jax_process PIPE JOB`; torch is not needed here.

A program of `in_jax/` is a function of the weights by name and of `small`; it gives the state of the first step and
the compiled step: state and batch to state and results.
"""

from __future__ import annotations

import json
import os
import sys
from multiprocessing.connection import Connection
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.speed.registry import find
from benchmarks.speed.serve import Server, answer, told


class JaxSubject:
    """A program of `in_jax/`; the weights and batches are those of the program in torch."""

    def __init__(self, name: str, small: bool, parameters: dict[str, Any], batches: list[Any]) -> None:
        self.make, self.small = find("in_jax", name), small
        self.parameters = {key: jnp.asarray(value) for key, value in parameters.items()}
        self.batches = jax.tree.map(jnp.asarray, batches)
        jax.block_until_ready((self.parameters, self.batches))
        self.initial: Any = None
        self.state: Any = None
        self.step: Any = None

    def load(self) -> None:
        """JAX was needed for the weights already."""

    def prepare(self) -> None:
        self.initial, self.step = self.make(self.parameters, self.small)
        self.restore()

    def arguments(self, number: int) -> Any:
        return self.batches[number % len(self.batches)]

    def call(self, arguments: Any) -> Any:
        both = self.state, result = self.step(self.state, *arguments)
        jax.block_until_ready(both)
        return result

    def seed(self, number: int) -> None:
        """The random stream is part of the state."""

    def restore(self) -> None:
        self.state = jax.block_until_ready(jax.tree.map(jnp.copy, self.initial))

    def results(self, result: Any) -> list[Any]:
        return [np.asarray(leaf, dtype=np.float64) for leaf in jax.tree.leaves(result)]

    def busy(self) -> bool:
        return False

    def facts(self) -> dict[str, Any]:
        return {"jax": jax.__version__}


def main() -> None:
    pipe, job = int(sys.argv[1]), json.loads(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job["threads"]])
    with Connection(pipe) as connection:
        begin = connection.recv()
        try:
            server = Server(JaxSubject(job["program"], job["small"], **begin))
        except Exception as error:
            connection.send(("problem", told(error)))
            return
        connection.send(("answer", None))
        answer(server, connection)


if __name__ == "__main__":
    main()
