"""From a function to its source tree, by code position, and from a changed tree back to a function."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import linecache
import operator
import re
import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from diptych.capture.code_objects import alike, codes_in, holds, same, span_of, spans
from diptych.capture.private_names import spell_private_names
from diptych.graph.spec import Where

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FACTORY, FUNCTION = "__diptych_factory__", "__diptych_function__"
_PREFIX = f"{FACTORY}.<locals>.{FUNCTION}"
_HELPER = re.compile(r"(?:_\w*?)?__diptych_\w*")
_HELPER_STEP = re.compile(r"\.(?:<locals>\.)?(?:_\w*?)?__diptych_\w*")
_TEXT_WIDTH = 80
_FUTURE_FLAGS = functools.reduce(
    operator.or_, (getattr(__future__, f).compiler_flag for f in __future__.all_feature_names)
)


class NoSource(Exception):
    """The source of a function cannot be had, or does not belong to the code that runs."""

    def __init__(self, fn: object, why: str) -> None:
        code = getattr(fn, "__code__", None)
        place = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
        name = getattr(fn, "__qualname__", None) or repr(fn)
        super().__init__(f"no source for {name}{place}: {why}")
        self.fn = fn
        self.why = why


@dataclass(frozen=True)
class Source:
    """The source of one function.

    `tree` is the caller's own copy, to be changed at will; names that Python mangles (`self.__x` in a class) stand in
    it as they are at run time. `lines` are those of the whole file, so that positions of nodes are positions in it.
    """

    tree: FunctionNode
    file: str
    lines: tuple[str, ...]
    function: str
    free: tuple[str, ...]


def find(fn: Any) -> Source:
    """The source of `fn`, found by the position of its code and checked against it; NoSource where there is none."""
    if not isinstance(fn, types.FunctionType):
        raise NoSource(fn, f"a {type(fn).__name__} is not a Python function; it can only be called as it is")
    code = fn.__code__
    text = _file(fn)
    site = _site(fn, text)
    if site is None or not _agree(code, site, text):
        linecache.checkcache(code.co_filename)
        text = _file(fn)
        site = _site(fn, text)
    if site is None:
        raise NoSource(
            fn, "its file has no such function at this line; it has changed since it was loaded, load it again"
        )
    if not _agree(code, site, text):
        changed = "the file has changed since it was loaded (load it again), or an import hook rewrote the code"
        raise NoSource(fn, f"the text at this line is not what runs; {changed}")
    tree = copy.deepcopy(site.node)
    if site.owner is not None:
        tree = spell_private_names(tree, site.owner)
    return Source(tree, code.co_filename, text.lines, fn.__qualname__, code.co_freevars)


def where(node: ast.AST, source: Source) -> Where:
    """The place of `node`, with its text as the user wrote it: the first line, cut to a readable width."""
    placed = node if hasattr(node, "lineno") else source.tree
    line, last, start, end = span_of(cast(ast.expr, placed))
    raw = source.lines[line - 1].encode() if line <= len(source.lines) else b""
    text = raw[start : end if last == line else None].decode(errors="replace").strip()
    if len(text) > _TEXT_WIDTH:
        text = text[: _TEXT_WIDTH - 3] + "..."
    return Where(source.file, line, text, source.function)


def as_function(tree: FunctionNode) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """`tree` itself, or for a lambda the `def` that means the same; `rebuild` gives it its name back."""
    if not isinstance(tree, ast.Lambda):
        return tree
    body = ast.copy_location(ast.Return(tree.body), tree.body)
    return ast.copy_location(_define(FUNCTION, tree.args, [body]), tree)


# The file ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Site:
    """A function in a file, the class whose name mangles its private names, the top statement around it."""

    node: FunctionNode
    owner: str | None
    top: ast.stmt


@dataclass(frozen=True)
class _File:
    """A parsed file: its functions by name and first line, the imports of its module, its statements compiled again.

    The imports are compiled with each statement because they decide how Python 3.12 compiles the use of their names.
    """

    lines: tuple[str, ...]
    sites: dict[tuple[str, int], list[_Site]]
    imports: list[ast.stmt]
    compiled: dict[int, types.CodeType]


_files: dict[str, _File] = {}


def _file(fn: types.FunctionType) -> _File:
    """The parsed file of `fn`; parsed again only when its text has changed."""
    name = fn.__code__.co_filename
    lines = tuple(linecache.getlines(name, fn.__globals__))
    if not lines:
        raise NoSource(fn, "its text is nowhere to be found, as of one made by exec; put the function into a file")
    known = _files.get(name)
    if known is None or known.lines != lines:
        try:
            tree = ast.parse("".join(lines), name)
        except (SyntaxError, ValueError) as error:
            raise NoSource(fn, f"its file cannot be parsed: {error}") from None
        sites: dict[tuple[str, int], list[_Site]] = {}
        for top in tree.body:
            for site in _sites_in(top, None, top):
                sites.setdefault(_key(site.node), []).append(site)
        known = _files[name] = _File(lines, sites, list(_imports(tree.body)), {})
    return known


def _sites_in(root: ast.AST, owner: str | None, top: ast.stmt) -> Iterator[_Site]:
    """All functions at or under `root`."""
    stack: list[tuple[ast.AST, str | None]] = [(root, owner)]
    while stack:
        node, owner = stack.pop()
        if isinstance(node, FunctionNode):
            yield _Site(node, owner, top)
        inner = set(map(id, node.body)) if isinstance(node, ast.ClassDef) else ()
        name = node.name if isinstance(node, ast.ClassDef) else None
        stack += [(child, name if id(child) in inner else owner) for child in ast.iter_child_nodes(node)]


def _imports(body: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """The imports of a module, those inside its `if`, `try` and the like included."""
    for node in body:
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
            yield node
        elif not isinstance(node, FunctionNode | ast.ClassDef | ast.expr):
            yield from _imports(ast.iter_child_nodes(node))


def _key(node: FunctionNode) -> tuple[str, int]:
    """Name and first line as the code object has them: the first line is that of the first decorator."""
    if isinstance(node, ast.Lambda):
        return "<lambda>", node.lineno
    return node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])


# The place of a code object ------------------------------------------------------------------------------------------


def _site(fn: types.FunctionType, text: _File) -> _Site | None:
    code = fn.__code__
    sites = text.sites.get((code.co_name, code.co_firstlineno), [])
    site = _locate(code, sites)
    if site is None and sites:
        raise NoSource(fn, "several functions start on this line and its code does not say which columns it comes from")
    return site


def _locate(code: types.CodeType, sites: Sequence[_Site]) -> _Site | None:
    """Of several lambdas that start on one line, the innermost one whose body holds most of the instructions."""
    if len(sites) < 2:
        return sites[0] if sites else None
    seen = list(spans(code))
    if not seen:  # a mere constant in Python 3.12: lambdas with equal code will do for each other
        return next((site for site in sites if same(_alone(site, code), code)), None)

    def fit(site: _Site) -> tuple[int, int, int]:
        body = span_of(cast(ast.Lambda, site.node).body)
        line, last, start, end = body
        return sum(holds(body, span) for span in seen), line - last, start - end

    return max(sites, key=fit)


def _alone(site: _Site, code: types.CodeType) -> types.CodeType:
    """The code of a lambda, compiled by itself but nested in a function where `code` is."""
    compiled = compile(ast.Expression(cast(ast.Lambda, site.node)), code.co_filename, "eval", dont_inherit=True)
    *_, alone = (constant for constant in compiled.co_consts if isinstance(constant, types.CodeType))
    return alone.replace(co_flags=alone.co_flags | code.co_flags & inspect.CO_NESTED)


# Is the text what runs? ----------------------------------------------------------------------------------------------


def _agree(code: types.CodeType, site: _Site, text: _File) -> bool:
    """Whether compiling the text again gives `code`, but for `assert` statements, which test runners rewrite."""
    if id(site.top) not in text.compiled:
        module = ast.Module([*text.imports, site.top], [])
        flags = code.co_flags & _FUTURE_FLAGS
        text.compiled[id(site.top)] = compile(module, code.co_filename, "exec", flags=flags, dont_inherit=True)
    key = code.co_name, code.co_firstlineno
    same_key = [c for c in codes_in(text.compiled[id(site.top)]) if (c.co_name, c.co_firstlineno) == key]
    asserts = [span_of(node) for node in ast.walk(site.node) if isinstance(node, ast.Assert)]
    here = [c for c in same_key if _locate(c, text.sites[key]) is site]
    return any(same(c, code) or alike(c, code, asserts) for c in here)


# Back to a function --------------------------------------------------------------------------------------------------


def rebuild(fn: types.FunctionType, tree: FunctionNode, cells: dict[str, Any]) -> types.FunctionType:
    """A function like `fn` whose body is `tree`.

    It shares the globals and the closure cells of `fn`. `cells` are further names that its body may read, with their
    values (or with the very cells, where a value is a CellType); a name that `fn` closes over itself keeps its own
    cell. Decorators, annotations and the expressions of defaults in `tree` are ignored: what `fn` has is kept.
    Tracebacks show the file and the positions that stand in `tree`.
    """
    bound = {name: _cell(value) for name, value in cells.items()}
    bound |= zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
    code = _compile(fn, as_function(tree), bound)
    closure = tuple(bound[name] for name in code.co_freevars)
    built = types.FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, closure)
    built.__kwdefaults__ = fn.__kwdefaults__
    built.__qualname__ = fn.__qualname__
    built.__module__ = fn.__module__
    built.__doc__ = fn.__doc__
    built.__dict__.update(fn.__dict__)
    lazy = getattr(fn, "__annotate__", None) is not None
    for name in ("__annotate__" if lazy else "__annotations__", "__type_params__"):
        if hasattr(fn, name):
            setattr(built, name, getattr(fn, name))
    return built


def _cell(value: Any) -> types.CellType:
    return value if isinstance(value, types.CellType) else types.CellType(value)


def _compile(
    fn: types.FunctionType, tree: ast.FunctionDef | ast.AsyncFunctionDef, bound: Iterable[str]
) -> types.CodeType:
    """The code of `tree`, compiled as a function inside one whose parameters are the `bound` names."""
    inner = _define(FUNCTION, _bare(tree.args), tree.body, type(tree))
    ast.copy_location(inner, tree)
    first = fn.__code__.co_firstlineno
    if first < tree.lineno:
        inner.decorator_list = [ast.Constant(None, lineno=first, end_lineno=first, col_offset=0, end_col_offset=0)]
    params = [ast.arg(name) for name in bound]
    outer = _define(FACTORY, ast.arguments([], params, None, [], [], None, []), [inner])
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(outer, tree)], []))
    flags = fn.__code__.co_flags & _FUTURE_FLAGS
    compiled = compile(module, fn.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    code = next(code for code in codes_in(compiled) if code.co_name == FUNCTION)
    mangled = {code.co_name for code in codes_in(fn.__code__) if code.co_name.startswith("__")}
    code = code.replace(co_flags=code.co_flags | fn.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return _rename(code, fn.__code__.co_name, fn.__code__.co_qualname, mangled)


def _define(
    name: str,
    args: ast.arguments,
    body: list[ast.stmt],
    kind: type[ast.FunctionDef] | type[ast.AsyncFunctionDef] = ast.FunctionDef,
) -> Any:
    extra: dict[str, Any] = {"type_params": []} if "type_params" in kind._fields else {}
    return kind(name=name, args=args, body=body, decorator_list=[], returns=None, type_comment=None, **extra)


def _bare(args: ast.arguments) -> ast.arguments:
    """The parameters alone, without annotations and without the expressions of their defaults."""

    def plain(arg: ast.arg) -> ast.arg:
        return ast.copy_location(ast.arg(arg.arg), arg)

    return ast.arguments(
        posonlyargs=[plain(arg) for arg in args.posonlyargs],
        args=[plain(arg) for arg in args.args],
        vararg=plain(args.vararg) if args.vararg else None,
        kwonlyargs=[plain(arg) for arg in args.kwonlyargs],
        kw_defaults=[None for _ in args.kwonlyargs],
        kwarg=plain(args.kwarg) if args.kwarg else None,
        defaults=[],
    )


def _rename(code: types.CodeType, name: str, root: str, private: set[str]) -> types.CodeType:
    """The code under the user's names: helpers take the name of the function that they stand in.

    `root` is the qualified name of the whole function; `private` are names of nested functions before mangling.
    """

    def clean(qualified: str) -> str:
        return _HELPER_STEP.sub("", qualified.replace(_PREFIX, root, 1))

    def constant(value: Any) -> Any:
        if isinstance(value, types.CodeType):
            if _HELPER.fullmatch(value.co_name):
                return _rename(value, name, root, private)
            own = next((p for p in private if re.fullmatch(rf"_\w*{p}", value.co_name)), value.co_name)
            return _rename(value, own, root, private)
        return clean(value) if isinstance(value, str) and value.startswith(_PREFIX) else value

    consts = tuple(constant(value) for value in code.co_consts)
    return code.replace(co_name=name, co_qualname=clean(code.co_qualname), co_consts=consts)
