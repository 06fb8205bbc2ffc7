"""From a program and example arguments to a symbolic graph, the guards it is valid under, and its effects."""

from __future__ import annotations

import contextlib
import inspect
import logging
import sys
import types
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch.utils._sympy.printers import PythonPrinter

from diptych.capture.direct_calls import Apply, Flatten
from diptych.capture.effects import Fetch, Update, describe
from diptych.capture.node_effects import draws, streams, tells, warns
from diptych.capture.program import Found, Given, Program, SizeGuard, ViewOf, binder
from diptych.capture.refusals import Refused
from diptych.capture.sources import Argument, Source, read_function, read_names, read_self
from diptych.capture.speculation import Speculate, Speculation
from diptych.capture.staging.core import Diverged
from diptych.capture.staging.exceptions import DATA_DEPENDENT
from diptych.capture.staging.outside import ReadAfterAll
from diptych.capture.staging.packing import Packer, Twice
from diptych.capture.staging.stager import Stager
from diptych.capture.tensors import Store, adopt, check_copies, detached, handle, node_of
from diptych.capture.trail import MISSING, CellPlace, Change, unchanged
from diptych.capture.values import Scalar
from diptych.graph.calling import Calling
from diptych.graph.interface import Effect, Input
from diptych.graph.layout import Constant, Layout
from diptych.graph.program import SymbolicGraph

aten = torch.ops.aten

NOTHING = Constant(None)


class Tracing:
    """One trace from start to finish."""

    def __init__(self, function: Any, vary: dict[str, Any], speculate: Speculate = Speculate.NOTHING) -> None:
        self.function = function
        self.speculate = speculate
        self.stager = Stager(vary)
        self.tape = self.stager.tape
        self.world = self.stager.world
        self.stager.pending = self.updates

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Program:
        """Trace a call."""
        tape = self.tape
        bind = binder(self.function)
        roots = bind(*args, **kwargs)
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 20000))
        random = torch.get_rng_state()
        if self.speculate is not Speculate.NOTHING:
            tape.speculation = Speculation(tape, self.speculate is Speculate.NUMBERS)
        try:
            with self.stager.tracing():
                self.enter_function()
                names = Source("the names of the arguments", None, read_names)
                self.world.enter(tuple(roots.arguments), names)
                arguments = {n: self.argument(n, v) for n, v in roots.arguments.items()}
                try:
                    result = self.call(arguments)
                except Diverged:
                    result = None
                self.stager.close_folds()
                self.check_inference()
                packer, layout, updates = self.packed(result, {})
                self.stager.check_arrays(packer.leaves)
                nodes, aliases = self.outputs(packer.leaves)
                self.stager.check_texts()
            module = tape.root.finish(nodes)
        finally:
            sys.setrecursionlimit(limit)
            tape.trail.abandon()
            if tape.speculation is not None:
                tape.speculation.close()
            torch.set_rng_state(random)
            for put_back in self.world.streams.values():
                put_back()
        return self.program(bind, module, layout, updates, aliases)

    def packed(self, result: Any, shared: dict[int, Any]) -> tuple[Packer, Layout, list[Update]]:
        """The result and the net writes to the outside, taken apart into leaves; `shared` stands in several places."""
        packer = Packer(self.tape, self.stager.outside)
        packer.born = self.stager.born_here
        packer.refers = self.world.refers
        packer.strict, packer.shared = True, shared
        try:
            return packer, packer.pack(result), self.updates(packer)
        except Twice as met:
            return self.packed(result, {**shared, id(met.value): met.value})

    def check_inference(self) -> None:
        """A program in inference mode computes nothing outside of it."""
        stager = self.stager
        if stager.in_inference and stager.inference_end is not self.tape.root.mark():
            raise self.tape.refuse("grad-mode", "inference_mode around a part of the program")

    def enter_function(self) -> None:
        """The program itself is where the outside begins."""
        function, world = self.function, self.world
        if isinstance(function, types.MethodType):
            world.enter(function.__self__, Source("self", None, read_self))
        elif not isinstance(function, types.FunctionType):
            world.register(function, Source("self", None, read_function))

    def argument(self, name: str, value: Any) -> Any:
        """An argument, entered under its parameter's name."""
        source = Source(name, None, Argument(name))
        return self.world.enter(value, source, "argument")

    def call(self, arguments: dict[str, Any]) -> Any:
        """Call the program with the entered arguments, defaults among them."""
        function = self.function
        called = function.forward if isinstance(function, torch.nn.Module) else function
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        try:
            parameters = inspect.signature(called, follow_wrapped=False).parameters
        except (TypeError, ValueError):
            return self.stager.call(function, *arguments.values())
        for name, value in arguments.items():
            kind = parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                args += list(value)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                kwargs.update(value)
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            else:
                args.append(value)
        return self.stager.call(function, *args, **kwargs)

    def updates(self, packer: Packer) -> list[Update]:
        """The net writes to the outside so far, of all open layers."""
        first: dict[Any, Any] = {}
        for layer in self.tape.trail.layers:
            for key, entry in layer.old.items():
                first.setdefault(key, entry)
        found: list[Update] = []
        for place, before in first.values():
            now = place.get()
            before = self.world.baseline.get(place.key, before)
            update = None if unchanged(place, now, before) else self.update(Change(place, before, now), packer)
            if update is not None:
                found.append(update)
        return found

    def update(self, change: Any, packer: Packer) -> Update | None:
        """One write, or None if it concerns the program's own objects."""
        place, world = change.place, self.world
        if isinstance(place, Store):
            external = place.external
            if external is None:
                return None
            leaf = packer.pack(self.content(place, external))
            return Update("tensor", external.source.path, Fetch(external.source), leaf)
        if isinstance(place, CellPlace) and id(place.cell) not in self.stager.outside_cells:
            return None
        described = describe(place, world)
        if described is None:
            return None
        kind, path, target = described
        value = None if change.after is MISSING else packer.pack(change.after)
        return Update(kind, path, target, value)

    def content(self, store: Store, external: Any) -> torch.Tensor:
        """The final value of a written input, as a tensor of its own."""
        fake = self.world.inputs[id(external.value)]
        copy = self.tape.empty(fake.shape, fake.dtype, fake.device, fake.stride())
        assert store.node is not None
        return adopt(self.tape, copy, store.node, store.requires_grad)

    def copy_constants(self, leaves: list[Any]) -> None:
        """Constants that leave the graph: every run gives memory of its own, shared by all views of it."""
        found = [handle(self.stager.traced(leaf)) for leaf in leaves if isinstance(leaf, torch.Tensor)]
        viewed = {it.store for it in found if it.parent is not None}
        for store in dict.fromkeys(it.store for it in found if it.store.constant):
            base = store.node
            assert base is not None
            store.node = self.tape.emit(aten.clone.default, (base,), None, base.meta["spec"])
            store.version += store in viewed  # views are taken again
            store.constant = False

    def outputs(self, leaves: list[Any]) -> tuple[list[Any], dict[int, Any]]:
        """The nodes of the graph's outputs; those that are memory of a written input are taken from it afterwards."""
        nodes: list[Any] = []
        aliases: dict[int, Any] = {}
        positions = {id(e): i for i, e in enumerate(self.world.externals)}
        self.copy_constants(leaves)
        unique = {id(leaf): leaf for leaf in leaves if isinstance(leaf, torch.Tensor)}
        check_copies(self.tape, [self.stager.traced(leaf) for leaf in unique.values()])
        for index, leaf in enumerate(leaves):
            if isinstance(leaf, Scalar):
                nodes.append(self.tape.root.use(leaf.node))
                continue
            if not isinstance(leaf, torch.Tensor):
                nodes.append(None)
                aliases[index] = Found(self.world.sources[id(leaf)])
                continue
            fake = self.stager.traced(leaf)
            it = handle(fake)
            node = node_of(self.tape, fake)
            nodes.append(self.tape.root.use(node))
            if any(twin.external is not None and twin.version != 0 for twin, _ in it.store.twins):
                raise self.tape.refuse("view-of-path", "a result that may be a written argument")
            external = it.store.external
            if external is not None and it.store.version != 0:
                aliases[index] = self.alias(fake, positions[id(external)])
        return nodes, aliases

    def alias(self, fake: torch.Tensor, position: int) -> Any:
        """An output that is a written input, or a view of one."""
        if handle(fake).parent is None:
            return Given(position)
        numbers = (*fake.shape, *fake.stride(), fake.storage_offset())
        if any(isinstance(n, torch.SymInt) for n in numbers):
            raise self.tape.refuse("view-of-path", "a view of a written argument of varying size is returned")
        base = self.world.externals[position].value
        return ViewOf(
            position,
            tuple(fake.shape),
            tuple(fake.stride()),
            int(fake.storage_offset()) + base.storage_offset(),
            detached(fake),
        )

    def program(
        self, bind: Any, module: Any, layout: Layout, updates: list[Update], aliases: dict[int, Any]
    ) -> Program:
        """Everything put together."""
        world = self.world
        names = unique([e.source.path for e in world.externals])
        placeholders = [n for n in module.graph.nodes if n.op == "placeholder"]
        inputs: list[Input] = []
        for name, external, node in zip(names, world.externals, placeholders, strict=True):
            role = "argument" if external.role == "argument" else "state"
            inputs.append(Input(name, node.meta["spec"], role, external.source.path))
        state = {n: e.value for n, e, i in zip(names, world.externals, inputs, strict=True) if i.role == "state"}
        effects = tuple(Effect(u.kind, u.path, u.value if u.value is not None else NOTHING) for u in updates)
        title = getattr(self.function, "__qualname__", type(self.function).__name__)
        graph = SymbolicGraph(
            title.split(".")[-1].strip("<>") or "program", module, tuple(inputs), layout, effects, state
        )
        sources = [e.source for e in world.externals]
        program = Program(
            graph, world.guards, self.size_guards(), sources, updates, aliases, layout, bind, self.stager.opaque
        )
        program.followed = self.stager.followed
        program.draws, program.tells, program.streams = draws(module), tells(module), streams(module)
        program.warns = warns(module)
        program.inference = self.stager.in_inference
        program.assumes = self.speculate is not Speculate.NOTHING
        graph.calling = self.calling()
        graph.flatten = Flatten(program)
        graph.apply = Apply(program, graph.flatten)
        return program

    def calling(self) -> Calling | None:
        """The program's parameters, and the arguments that are constants of the graph."""
        called = self.function.forward if isinstance(self.function, torch.nn.Module) else self.function
        try:
            signature = inspect.signature(called, follow_wrapped=False)
        except (TypeError, ValueError):
            return None
        fixed: dict[str, Any] = {}
        for guard in self.world.guards:
            root = guard.source
            while root.parent is not None:
                root = root.parent
            if isinstance(root.read, Argument) and isinstance(guard.constant, int | float | str | bool):
                fixed[guard.source.path] = guard.constant
        # A parameter may be left out where its default is what the graph was made for.
        made = [
            p.replace(default=p.empty) if p.name in fixed and fixed[p.name] != p.default else p
            for p in signature.parameters.values()
        ]
        try:
            return Calling.of(signature.replace(parameters=made), fixed)
        except ValueError:  # a parameter without a default after one that has one
            return None

    def size_guards(self) -> list[Callable[[list[Any]], bool]]:
        """What the trace assumed of the symbolic sizes of its inputs."""
        env = self.tape.shape_env
        places = self.world.size_places
        made: list[Callable[[list[Any]], bool]] = []
        for guard in env.guards:
            symbols = sorted(str(s) for s in guard.expr.free_symbols)
            if not all(s in places for s in symbols):
                raise Refused("data-dependent-shape", f"a guard on sizes that are not those of inputs: {guard.expr}")
            text = PythonPrinter().doprint(guard.expr)
            code = compile(text, "<size guard>", "eval")
            made.append(SizeGuard(code, {s: places[s] for s in symbols}, text))
        return made


def unique(paths: list[str]) -> list[str]:
    """Names of inputs: their paths, numbered where they repeat."""
    seen: dict[str, int] = {}
    made: list[str] = []
    for path in paths:
        name = path.removeprefix("self.") if path.startswith("self.") else path
        count = seen.get(name, 0)
        seen[name] = count + 1
        made.append(name if count == 0 else f"{name}#{count}")
    return made


def trace(
    function: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    vary: dict[str, Any] | None = None,
    speculate: Speculate = Speculate.NOTHING,
) -> Program:
    """Capture one call; `Refused` if it cannot be.

    `speculate` says what is assumed to be as it is for these arguments.
    """
    try:
        with quiet_meta_errors():
            return traced(function, args, kwargs, vary or {}, speculate)
    except DATA_DEPENDENT as error:
        raise Refused("data-dependent-shape", str(error).splitlines()[0]) from error


@contextlib.contextmanager
def quiet_meta_errors() -> Generator[None]:
    """Torch logs each operation whose type it can't compute; here they are paths that raise, or refusals."""

    def lasting(record: logging.LogRecord) -> bool:
        return "failed while attempting to run meta" not in str(record.msg)

    logger = logging.getLogger("torch._subclasses.fake_tensor")
    logger.addFilter(lasting)
    try:
        yield
    finally:
        logger.removeFilter(lasting)


def traced(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], vary: dict[str, Any], speculate: Speculate
) -> Program:
    """Capture one call.

    Lists that are read after an append are looked at from the start in a second attempt; and where what follows a long
    loop cannot be captured, the next one unrolls such loops.
    """
    append_lists = stages_long = True
    while True:
        tracing = Tracing(function, vary, speculate)
        tracing.world.append_lists = append_lists
        tracing.stager.stages_long = stages_long and speculate is Speculate.NOTHING
        try:
            return tracing.run(args, kwargs)
        except ReadAfterAll:
            append_lists = False
        except Exception:
            if not tracing.stager.staged_long:
                raise
            stages_long = False
