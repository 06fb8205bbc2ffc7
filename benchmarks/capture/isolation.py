"""Trials in processes of their own, so that neither a crash nor an endless loop stops the others."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.connection import Connection

from benchmarks.capture.trial import Outcome, trial

PREPARED = multiprocessing.get_context("forkserver")
"""Each process is forked from one that has imported what the peers import when first used, but has run nothing."""
PREPARED.set_forkserver_preload(
    ["benchmarks.capture.trial", "torch._dynamo.convert_frame", "torch._export.non_strict_utils", "torch.export._trace"]
)


def report(name: str, peer: str, answer: Connection) -> None:
    """What the process does: run the trial with its own output thrown away, and send the outcome."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        answer.send(trial(name, peer))
    except BaseException as error:
        answer.send(Outcome("crash", f"{type(error).__name__}: {error}"))


def isolated(name: str, peer: str, seconds: float) -> Outcome:
    """The outcome of a trial in a fresh process that is killed after so many seconds."""
    here, there = PREPARED.Pipe(duplex=False)
    process = PREPARED.Process(target=report, args=(name, peer, there), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(seconds):
            return Outcome("timeout", f"more than {seconds:g} s", seconds=seconds)
        return here.recv()
    except EOFError:
        process.join(5)
        return Outcome("crash", f"exit code {process.exitcode}")
    finally:
        process.kill()
        process.join()
        here.close()


def all_trials(names: list[str], peers: list[str], seconds: float, jobs: int) -> Iterator[tuple[str, str, Outcome]]:
    """Name, peer and outcome of every pair, as they end."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(isolated, name, peer, seconds): (name, peer) for name in names for peer in peers}
        try:
            for done in as_completed(waiting):
                yield (*waiting[done], done.result())
        finally:
            pool.shutdown(cancel_futures=True)
