"""Which interpreter gives the hooks of transformed functions their meaning, thread by thread."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from diptych.capture.interpreter import PLAIN


class Hooks(threading.local):
    """What `__diptych__` is bound to in transformed functions: every hook of the current interpreter."""

    def __init__(self) -> None:
        self.current: Any = PLAIN

    def __getattr__(self, name: str) -> Any:
        """A hook that is used for the first time since the interpreter became current; then it is found at once."""
        hook = self.__dict__[name] = getattr(self.current, name)
        return hook

    def switch(self, interpreter: Any) -> None:
        """Make another interpreter the current one."""
        self.__dict__.clear()
        self.current = interpreter


HOOKS = Hooks()


@contextmanager
def interpreting(interpreter: Any) -> Generator[None]:
    """Make `interpreter` the current one of this thread."""
    saved = HOOKS.current
    HOOKS.switch(interpreter)
    try:
        yield
    finally:
        HOOKS.switch(saved)
