"""A graph as one file: a zip archive of `graph.json` (the program, a versioned format) and `tensors.pt` (its tensors).

There is no code in it: nothing is pickled but plain tensors, which are read with `weights_only`. Types of results and
exceptions are named, and must be importable where the graph is loaded; own operations are found by their names.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.errors import LoadError, SaveError
from diptych.graph import own_ops as own_ops  # fills the registry that loading looks names up in
from diptych.graph import vocabulary, walk
from diptych.graph.assembling import assembled
from diptych.graph.codec import Decoder, Encoder, Json
from diptych.graph.control import Function, Raise
from diptych.graph.fold import Fold
from diptych.graph.interface import Effect

if TYPE_CHECKING:
    from diptych.graph.program import SymbolicGraph

FORMAT = "diptych graph"
VERSION = 2
_PROGRAM, _TENSORS = "graph.json", "tensors.pt"


def save(graph: SymbolicGraph, path: str | os.PathLike[str]) -> None:
    """Write `graph` to `path`; the file appears whole or not at all. `SaveError` if it holds what is not data."""
    encoder = Encoder()
    functions = walk.functions(graph.module)
    program = {
        "format": FORMAT,
        "version": VERSION,
        "torch": str(torch.__version__),
        "name": graph.name,
        "inputs": encoder.value(list(graph.inputs)),
        "result": encoder.value(graph.result),
        "effects": encoder.value(list(graph.effects)),
        "state": encoder.value(dict(graph.state)),
        "calling": encoder.value(graph.calling),
        "functions": [[function.name, _write_module(_body(function), encoder, functions)] for function in functions],
        "module": _write_module(graph.module, encoder, functions),
    }
    tensors = io.BytesIO()
    torch.save(encoder.tensors, tensors)
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            archive.writestr(_PROGRAM, json.dumps(program, indent=1), zipfile.ZIP_DEFLATED)
            archive.writestr(_TENSORS, tensors.getvalue())
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the fields of the `SymbolicGraph` that was saved at `path`; `LoadError` if the file is not one."""
    program, tensors = _read(Path(path))
    if program.get("format") != FORMAT:
        raise _bad(path, "it is an archive, but not of a graph")
    if program.get("version") != VERSION:
        raise LoadError(
            f"cannot read {path}: its format has version {program.get('version')}",
            str(path),
            f"this version of Diptych reads version {VERSION}",
            "load it with the version of Diptych that saved it, or capture the program again",
        )
    try:
        decoder = Decoder(tensors)
        functions = [Function(name) for name, _ in program["functions"]]
        for function, (_, written) in zip(functions, program["functions"], strict=True):
            function.body = _read_module(written, decoder, functions)
        return {
            "name": program["name"],
            "module": _read_module(program["module"], decoder, functions),
            "inputs": tuple(decoder.value(program["inputs"])),
            "result": decoder.value(program["result"]),
            "effects": tuple(decoder.value(program["effects"])),
            "state": decoder.value(program["state"]),
            "calling": decoder.value(program["calling"]),
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise _bad(path, f"its content is damaged ({type(error).__name__}: {error})") from error


def _write_module(module: fx.GraphModule, encoder: Encoder, functions: list[Function]) -> Json:
    nodes: list[Json] = []
    for node in module.graph.nodes:
        encoder.names[node] = node.name
        written = {"kind": node.op, "name": node.name}
        if node.op == "get_attr":
            inner = walk.region(node)
            if inner is not None:
                written["region"] = _write_module(inner, encoder, functions)
            else:
                written["value"] = encoder.value(walk.attribute(module, str(node.target)))
        elif node.op == "call_function":
            written["target"] = _write_target(node, encoder, functions)
        if node.op in ("call_function", "output"):
            written["arguments"] = encoder.value(list(node.args))
            written["keywords"] = encoder.value(dict(node.kwargs))
        written |= {key: encoder.value(node.meta[key]) for key in ("spec", "where") if node.meta.get(key) is not None}
        nodes.append(written)
    return nodes


def _write_target(node: fx.Node, encoder: Encoder, functions: list[Function]) -> Json:
    target = node.target
    if isinstance(target, Function):
        return {"function": functions.index(target)}
    if isinstance(target, Fold):
        kinds = [functions.index(kind) for kind in target.kinds]
        return {"fold": [kinds, list(target.rows), list(target.children), [list(s) for s in target.shared]]}
    if isinstance(target, Raise):
        return _write_raise(target, encoder)
    name = vocabulary.name_of(target)
    if name is None or vocabulary.find(name) is not target:
        raise SaveError(
            f"cannot save the call of {name or target}",
            walk.where_of(node),
            "it is the user's own code (a torch.autograd.Function), and a saved graph holds no code",
            "save the graph of a program without it, or write the program with graph.to_python()",
        )
    return name


def _write_raise(target: Raise, encoder: Encoder) -> Json:
    effects = [Effect(update.kind, update.path, update.value) for update in target.updates]
    fields = (target.kind, target.arguments, target.attributes, effects, target.implicit, target.where)
    written: Json = {"raise": [encoder.value(field) for field in fields]}
    return written | ({"cause": _write_raise(target.cause, encoder)} if target.cause is not None else {})


def _read_raise(written: Json, decoder: Decoder) -> Raise:
    kind, arguments, attributes, effects, implicit, where = map(decoder.value, written["raise"])
    made = Raise(kind, arguments)
    made.attributes, made.updates, made.implicit, made.where = attributes, tuple(effects), implicit, where
    made.cause = _read_raise(written["cause"], decoder) if "cause" in written else None
    return made


def _read_module(written: Json, decoder: Decoder, functions: list[Function]) -> fx.GraphModule:
    graph, root = fx.Graph(), torch.nn.Module()
    outer, decoder.nodes = decoder.nodes, {}
    for index, item in enumerate(written):
        kind, name = item["kind"], item["name"]
        target, arguments, keywords = name, (), {}
        if kind == "get_attr":
            target = f"region_{index}" if "region" in item else f"constant_{index}"
            if "region" in item:
                setattr(root, target, _read_module(item["region"], decoder, functions))
            else:
                root.register_buffer(target, decoder.value(item["value"]))
        elif kind == "call_function":
            target = _read_target(item["target"], decoder, functions)
        if "arguments" in item:
            arguments, keywords = tuple(decoder.value(item["arguments"])), decoder.value(item["keywords"])
        node = graph.create_node(kind, target, arguments, keywords, name)
        node.meta.update({key: decoder.value(item[key]) for key in ("spec", "where") if key in item})
        decoder.nodes[name] = node
    decoder.nodes = outer
    return assembled(root, graph)


def _read_target(written: Json, decoder: Decoder, functions: list[Function]) -> Any:
    if isinstance(written, dict):
        if "function" in written:
            return functions[written["function"]]
        if "fold" in written:
            kinds, rows, children, shared = written["fold"]
            return Fold([functions[kind] for kind in kinds], rows, children, [tuple(s) for s in shared])
        return _read_raise(written, decoder)
    target = vocabulary.find(written)
    if target is None:
        raise LoadError(
            f"the graph uses the operation {written}, which is not known here",
            why="operations are saved by name",
            remedy="import the library that defines it before loading, or use the same version of torch and Diptych",
        )
    return target


def _read(path: Path) -> tuple[dict[str, Json], dict[str, torch.Tensor]]:
    try:
        with zipfile.ZipFile(path) as archive:
            program = json.loads(archive.read(_PROGRAM))
            tensors = torch.load(io.BytesIO(archive.read(_TENSORS)), weights_only=True)
    except zipfile.BadZipFile as error:
        raise _bad(path, f"it is not a whole zip archive ({error})") from error
    except KeyError as error:
        raise _bad(path, f"a part of it is missing ({error.args[0]})") from error
    except (ValueError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise _bad(path, f"a part of it cannot be read ({error})") from error
    if not isinstance(program, dict):
        raise _bad(path, "it is an archive, but not of a graph")
    return program, tensors


def _body(function: Function) -> fx.GraphModule:
    assert function.body is not None
    return function.body


def _bad(path: str | os.PathLike[str], why: str) -> LoadError:
    return LoadError(
        f"cannot read {path}: not a saved graph", str(path), why, "give a file written by graph.save, or save it again"
    )
