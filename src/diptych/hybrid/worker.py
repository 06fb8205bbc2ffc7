"""What is done in the background, one thing after the other, in a thread that does not keep the process from ending.

PyTorch's tracing has state that threads share (caches of symbolic shapes, patches of modules while a tracer runs):
`TRACING` is held by whoever captures a program or writes a graph out.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable
from typing import Any

TRACING = threading.RLock()
PATIENCE = 10.0
"""How many seconds the end of the process waits for what is being done, at most."""
Task = Callable[[], None]


class Worker:
    """Does tasks in the background; the thread lives as long as there are any."""

    def __init__(self) -> None:
        self.tasks: collections.deque[Task] = collections.deque()
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.ending = False

    def submit(self, task: Task) -> None:
        """Have a task done after those before it."""
        with self.lock:
            self.tasks.append(task)
            if self.thread is None and not self.ending:
                self.thread = threading.Thread(target=self.work, name="diptych-compile", daemon=True)
                self.thread.start()

    def work(self) -> None:
        """The thread."""
        with contextlib.suppress(SystemExit):  # from `end`
            while True:
                with self.lock:
                    if self.ending or not self.tasks:
                        self.thread = None
                        return
                    task = self.tasks.popleft()
                task()

    def end(self) -> None:
        """At the end of the process: stop between two steps of Python, so that no thread is left inside of PyTorch."""
        self.ending = True
        thread = self.thread
        deadline = time.monotonic() + PATIENCE
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:
            interrupt(thread)
            thread.join(0.05)


def interrupt(thread: threading.Thread) -> None:
    """Raise `SystemExit` in a thread, which ends it without a word."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def forked() -> None:
    """In a process made by `fork` there is no such thread, and nothing is being traced."""
    lock: Any = TRACING
    lock._at_fork_reinit()
    WORKER.__init__()


WORKER = Worker()
atexit.register(WORKER.end)
os.register_at_fork(after_in_child=forked)
