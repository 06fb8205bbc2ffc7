"""`f(*items, **mapping)`, `[*items]`, `{**mapping}`: what is spread may differ from path to path."""

from __future__ import annotations

import ast
from typing import Any

from diptych.capture.syntax.build import hook, load, no_arguments
from diptych.capture.syntax.transform import Transformer


def spread(t: Transformer, made: Any) -> ast.expr:
    """A lowered call or display, done by `spread` for known items where something is spread in it."""
    parts: list[ast.expr] = []
    places: list[int] = []
    parameters: list[str] = []

    def parameter(value: ast.expr) -> ast.expr:
        parts.append(value)
        parameters.append(t.fresh("part"))
        return load(parameters[-1])

    def item(value: ast.expr) -> ast.expr:
        if not isinstance(value, ast.Starred):
            return parameter(value)
        assert isinstance(value.value, ast.Call)  # `iterate(...)`
        places.append(len(parts))
        return ast.Starred(hook("iterate", parameter(value.value.args[0])), ast.Load())

    def mapping(value: ast.expr) -> ast.expr:
        places.append(len(parts))
        return parameter(value)

    if not spreads(made):
        return made
    match made:
        case ast.Call(func, args, keywords):
            inside: Any = ast.Call(func, [item(a) for a in args], [])
            for k in keywords:
                inside.keywords.append(ast.keyword(k.arg, parameter(k.value) if k.arg else mapping(k.value)))
        case ast.Dict(keys, values):
            inside = ast.Dict([], [])
            for key, value in zip(keys, values, strict=True):
                inside.keys.append(key and parameter(key))
                inside.values.append(parameter(value) if key else mapping(value))
        case _:
            inside = type(made)(**{**dict(ast.iter_fields(made)), "elts": [item(e) for e in made.elts]})
    args = no_arguments()
    args.args = [ast.arg(p) for p in parameters]
    where = ast.Tuple([ast.Constant(p) for p in places], ast.Load())
    return hook("spread", ast.Lambda(args, inside), where, *parts)


def spreads(made: Any) -> bool:
    """Whether something is spread in a call or display."""
    match made:
        case ast.Call(_, args, keywords):
            return any(isinstance(a, ast.Starred) for a in args) or any(k.arg is None for k in keywords)
        case ast.Dict(keys, _):
            return any(key is None for key in keys)
        case ast.List(elts) | ast.Set(elts) | ast.Tuple(elts):
            return any(isinstance(e, ast.Starred) for e in elts)
        case _:
            return False
