"""What is done in the background, one thing after the other, in a thread that does not keep the process from ending.

PyTorch's tracing has state that threads share (caches of symbolic shapes, patches of modules while a tracer runs):
`TRACING` is held by whoever captures a program or writes a graph out.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import os
import threading
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
        with contextlib.suppress(SystemExit):  # from `stop`
            while True:
                with self.lock:
                    if self.ending or not self.tasks:
                        self.thread = None
                        return
                    task = self.tasks.popleft()
                task()

    def stop(self) -> None:
        """Called between two steps of a task: ends the thread if the process ends.

        An exception from outside (`PyThreadState_SetAsyncExc`) would come up inside of PyTorch, and abort the process.
        """
        if self.ending and threading.current_thread() is self.thread:
            raise SystemExit

    def end(self) -> None:
        """At the end of the process: wait for the step that is being done, so that no thread is left inside PyTorch."""
        self.ending = True
        thread = self.thread
        if thread is not None:
            thread.join(PATIENCE)


def forked() -> None:
    """In a process made by `fork` there is no such thread, and nothing is being traced."""
    lock: Any = TRACING
    lock._at_fork_reinit()
    WORKER.__init__()


WORKER = Worker()
atexit.register(WORKER.end)
os.register_at_fork(after_in_child=forked)
