"""The hooks that a transformed function calls, and what they mean in plain Python.

A transformed function does through hooks what a tensor's value, or outside state, may decide. `Interpreter` gives every
hook Python's own meaning (the reference); the stager and the profiler override them.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from diptych.capture.completion import BREAK, CONTINUE, Completion, Returning
from diptych.capture.patterns import Patterns
from diptych.capture.python_operators import AUGMENTED, BINARY, COMPARE, UNARY, unpacking
from diptych.capture.trail import CellPlace

Thunk = Callable[[], Any]
Handler = tuple[Callable[[], Any] | None, Callable[[BaseException], Completion]]
"""An `except` clause: the classes it takes (all, if None), and its body as a function of the exception."""


class Frame(dict[str, CellPlace]):
    """The cells of a transformed function's own variables, by name; `captured` are those that inner functions use."""

    captured: frozenset[str] = frozenset()


class Signal(BaseException):
    """Control flow of the interpreter itself; passes through the user's handlers."""


class Interpreter(Patterns):
    """Python's own meaning of every hook."""

    BREAK = BREAK
    CONTINUE = CONTINUE
    Signal = Signal

    # Functions --------------------------------------------------------------------------------------------------

    def frame(self, reader: Any, captured: tuple[str, ...] = ()) -> Frame:
        """The cells behind a function that mentions all variables."""
        cells = zip(reader.__code__.co_freevars, reader.__closure__ or (), strict=True)
        made = Frame({name: CellPlace(cell, name) for name, cell in cells})
        made.captured = frozenset(captured)
        return made

    def function(self, body: Callable[[], Completion], frame: Frame) -> Any:
        """Run a function's body: its return value."""
        done = body()
        return done.value if isinstance(done, Returning) else None

    def returning(self, value: Any) -> Completion:
        """`return value`."""
        return Returning(value)

    def call(self, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        """`f(*args, **kwargs)`."""
        return f(*args, **kwargs)

    def attribute_appended_to(self, owner: Any, name: str) -> Any:
        """`owner.name` in `owner.name.append(item)`: of a list that is only appended to, nothing is read."""
        return getattr(owner, name)

    def name_appended_to(self, name: Thunk) -> Any:
        """`name` in `name.append(item)`."""
        return name()

    def item_appended_to(self, owner: Any, key: Any) -> Any:
        """`owner[key]` in `owner[key].append(item)`."""
        return owner[key]

    def append_to(self, owner: Any, item: Any) -> Any:
        """`owner.append(item)`."""
        return owner.append(item)

    def spread(self, body: Callable[..., Any], places: tuple[int, ...], *parts: Any) -> Any:
        """A call or display, with the parts at `places` spread in it."""
        return body(*parts)

    def frame_builtin(self, name: str) -> Any:
        """`locals()` and its kin have no meaning in a transformed function."""
        raise RuntimeError(f"{name}() is not available in a transformed function")

    # Names, attributes, items -----------------------------------------------------------------------------------

    def load_global(self, table: dict[str, Any], name: str) -> Any:
        """A global or built-in name."""
        if name in table:
            return table[name]
        try:
            return getattr(builtins, name)
        except AttributeError:
            raise NameError(f"name {name!r} is not defined") from None

    def set_global(self, table: dict[str, Any], name: str, value: Any) -> None:
        """Assign a global name."""
        table[name] = value

    def load_local(self, read: Thunk, name: str) -> Any:
        """A variable that may have no value; `name` if it is the function's own, and errors name it."""
        try:
            return read()
        except NameError:
            if not name:
                raise
        raise UnboundLocalError(f"cannot access local variable {name!r} where it is not associated with a value")

    def load_cell(self, reader: Thunk, name: str) -> Any:
        """A variable of an enclosing function that is not being transformed with this one."""
        return reader()

    def touch(self, reader: Any) -> None:
        """A variable of an enclosing function is about to be written."""

    def put(self, frame: Frame, name: str, value: Any) -> Any:
        """`(name := value)`."""
        frame[name].set(value)
        return value

    def getattr(self, owner: Any, name: str) -> Any:
        """`owner.name`."""
        return getattr(owner, name)

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        """`owner.name = value`."""
        setattr(owner, name, value)

    def delattr(self, owner: Any, name: str) -> None:
        """`del owner.name`."""
        delattr(owner, name)

    def getitem(self, owner: Any, key: Any) -> Any:
        """`owner[key]`."""
        return owner[key]

    def setitem(self, owner: Any, key: Any, value: Any) -> None:
        """`owner[key] = value`."""
        owner[key] = value

    def delitem(self, owner: Any, key: Any) -> None:
        """`del owner[key]`."""
        del owner[key]

    def slice(self, start: Any, stop: Any, step: Any) -> Any:
        """`start:stop:step`."""
        return slice(start, stop, step)

    def fresh_container(self, value: Any) -> Any:
        """A list, dict or set display."""
        return value

    # Operators --------------------------------------------------------------------------------------------------

    def binary(self, name: str, left: Any, right: Any) -> Any:
        """`left op right`."""
        return BINARY[name](left, right)

    def unary(self, name: str, value: Any) -> Any:
        """`op value`."""
        return UNARY[name](value)

    def augment(self, name: str, left: Any, right: Any) -> Any:
        """`left op= right`: the value to assign."""
        return AUGMENTED[name](left, right)

    def compare(self, names: tuple[str, ...], first: Any, second: Any, *others: Thunk) -> Any:
        """`first op second op ...`."""
        result = COMPARE[names[0]](first, second)
        for name, other in zip(names[1:], others, strict=True):
            if not result:
                return result
            first, second = second, other()
            result = COMPARE[name](first, second)
        return result

    def and_(self, first: Any, *others: Thunk) -> Any:
        """`first and ...`."""
        for other in others:
            if not first:
                return first
            first = other()
        return first

    def or_(self, first: Any, *others: Thunk) -> Any:
        """`first or ...`."""
        for other in others:
            if first:
                return first
            first = other()
        return first

    def all_true(self, first: Any, *others: Thunk) -> Any:
        """`and` of which only the truth matters."""
        return self.and_(first, *others)

    def any_true(self, first: Any, *others: Thunk) -> Any:
        """`or` of which only the truth matters."""
        return self.or_(first, *others)

    def not_(self, value: Any) -> Any:
        """`not value`."""
        return not value

    def choose(self, test: Any, then: Thunk, orelse: Thunk) -> Any:
        """`then if test else orelse`."""
        return then() if test else orelse()

    def plain_truth(self, value: Any) -> bool:
        """The truth of a test in a generator, which is left to Python."""
        return bool(value)

    def match_(
        self,
        subject: Any,
        cases: Callable[[Any], Completion],
        frame: Frame,
        live: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`match`."""
        done = cases(subject)
        return rest() if done is None and rest is not None else done

    def format(self, value: Any, conversion: int, spec: str) -> Any:
        """A part of an f-string."""
        if conversion != -1:
            value = {"r": repr, "s": str, "a": ascii}[chr(conversion)](value)
        return format(value, spec)

    def join_text(self, *parts: Any) -> Any:
        """An f-string."""
        return "".join(parts)

    # Statements -------------------------------------------------------------------------------------------------

    def if_(
        self, test: Any, then: Thunk, orelse: Thunk, frame: Frame, live: tuple[str, ...], rest: Thunk | None = None
    ) -> Completion:
        """`if`; `rest` is what follows in the block when a side may leave it."""
        done = (then if test else orelse)()
        return rest() if done is None and rest is not None else done

    def while_(
        self,
        test: Thunk,
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`while`."""
        while test():
            done = body()
            if done is BREAK:
                break
            if done is not None and done is not CONTINUE:
                return done
        else:
            done = orelse() if orelse is not None else None
            if done is not None:
                return done
        return rest() if rest is not None else None

    def for_(
        self,
        items: Any,
        assign: Callable[[Any], None],
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        """`for`."""
        for item in items:
            assign(item)
            done = body()
            if done is BREAK:
                break
            if done is not None and done is not CONTINUE:
                return done
        else:
            done = orelse() if orelse is not None else None
            if done is not None:
                return done
        return rest() if rest is not None else None

    def iterate(self, items: Any) -> Any:
        """Items that Python itself goes through (`*items`, a generator's `for`)."""
        return items

    def iterable(self, items: Any) -> Any:
        """The first iterable of a comprehension: an error belongs to the place where it stands."""
        return items

    def unpack(self, value: Any, count: int, star: int) -> Any:
        """The right side of `a, *b, c = value` as one item for each target."""
        return unpacking(count, star)(value)

    def assert_(self, test: Any, message: Thunk | None = None) -> None:
        """`assert`."""
        if not test:
            raise AssertionError(*([message()] if message is not None else []))

    def raise_(self, error: Any, *cause: Any) -> Any:
        """`raise error from cause`."""
        if cause:
            raise error from cause[0]
        raise error

    def reraise(self) -> None:
        """`raise`."""
        raise

    def manager(self, value: Any) -> Any:
        """The context manager of a `with` in a generator."""
        return value

    def with_(
        self, value: Any, bind: Callable[[Any], None], body: Thunk, frame: Frame, rest: Thunk | None = None
    ) -> Completion:
        """`with`."""
        done: Completion = None
        with value as entered:
            bind(entered)
            done = body()
        return self.after(done, frame, rest)

    def try_(
        self,
        body: Thunk,
        handlers: tuple[Handler, ...],
        orelse: Thunk | None,
        final: Thunk | None,
        frame: Frame,
        rest: Thunk | None = None,
    ) -> Completion:
        """`try`."""
        done: Completion = None
        last: Completion = None
        try:
            try:
                done = body()
            except Signal:
                raise
            except BaseException as error:
                handler = next((h for kind, h in handlers if kind is None or isinstance(error, kind())), None)
                if handler is None:
                    raise
                done = handler(error)
            else:
                done = orelse() if done is None and orelse is not None else done
        finally:
            last = final() if final is not None else None
            if last is not None:
                return self.after(last, frame, rest)  # noqa: B012
        return self.after(done, frame, rest)

    def caught(self, error: BaseException) -> BaseException:
        """The exception of a handler, bound to its name."""
        return error

    def after(self, done: Completion, frame: Frame, rest: Thunk | None = None) -> Completion:
        """What follows a `with` or `try`."""
        return rest() if done is None and rest is not None else done


PLAIN = Interpreter()
"""Transformed functions that nobody looks at do what they say."""
