"""Objects for the scripts: callable, and decided by an attribute."""

from __future__ import annotations


class Thing:
    """A callable object with one attribute, `value`, which decides what is done to the argument."""

    common = 2.0

    def __init__(self, value=None):
        self.value = value

    def __call__(self, x):
        y = x * 2 if x.sum() > 0 else x - 1
        return self.apply(y)

    def apply(self, y):
        return y + self.value


class Choosing(Thing):
    def apply(self, y):
        if self.value is None:
            return y
        if isinstance(self.value, str):
            return getattr(y, self.value)()
        if self.value is True:
            return y + 100
        return y // self.value if isinstance(self.value, int) else y / self.value


class Common(Thing):
    def apply(self, y):
        return y * self.common
