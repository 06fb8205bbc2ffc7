"""A process for one peer and one program, seen from the parent: ask it something, and wait so many seconds."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """What a process is for; `jax` is the Python that has JAX, `caches` the folder for what peers keep on disk."""

    program: str
    peer: str
    small: bool
    seed: int
    threads: int
    jax: str
    caches: str


class Problem(Exception):
    """The process cannot go on; the message is the reason in one line."""


class Process:
    """Started on construction, in a process group of its own; a peer has caches of its own for the run."""

    def __init__(self, job: Job) -> None:
        self.job = job
        outside = job.peer == "jax"
        if outside and not Path(job.jax).exists():
            raise Problem(f"there is no {job.jax}; `make bench` makes it")
        self.folder = tempfile.mkdtemp(prefix="bench-")
        self.connection, other = multiprocessing.Pipe()
        module = "benchmarks.speed.jax_process" if outside else "benchmarks.speed.torch_process"
        python = job.jax if outside else sys.executable
        self.process = subprocess.Popen(
            [python, "-m", module, str(other.fileno()), json.dumps(asdict(job))],
            pass_fds=[other.fileno()],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        other.close()

    def environment(self) -> dict[str, str]:
        """That of the parent, with folders of our own for all that is kept on disk."""
        names = ("TORCHINDUCTOR_CACHE_DIR", "XDG_CACHE_HOME", "DIPTYCH_CACHE")
        folders = {name: os.path.join(self.job.caches, self.job.peer, name.lower()) for name in names}
        for folder in folders.values():
            os.makedirs(folder, mode=0o700, exist_ok=True)
        threads = {name: str(self.job.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        return {**os.environ, **folders, **threads, "TMPDIR": self.folder, "PYTHONPATH": path}

    def send(self, message: Any) -> None:
        """Raises `Problem` if the process has ended."""
        try:
            self.connection.send(message)
        except OSError:
            raise Problem(self.ending()) from None

    def receive(self, seconds: float) -> Any:
        """The answer; raises `Problem` if there is none in time, or if it is a problem."""
        if not self.connection.poll(seconds):
            raise Problem(f"not ready after {seconds:.0f} s")
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError):
            raise Problem(self.ending()) from None
        if kind == "problem":
            raise Problem(value)
        return value

    def ask(self, question: str, *arguments: Any, seconds: float = 120.0) -> Any:
        """What `serve.Server` has a method for."""
        self.send((question, arguments))
        return self.receive(seconds)

    def ending(self) -> str:
        """How the process came to its end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        return f"the process ended with code {self.process.returncode}"

    def stop(self) -> None:
        """End the process and the compilers that it has started."""
        self.connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
