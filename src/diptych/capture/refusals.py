"""The catalogue of refusals: what capture does not take, why, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diptych.errors import CaptureRefused


@dataclass(frozen=True)
class Refusal:
    """One kind of program that is not captured."""

    summary: str
    why: str
    remedy: str


CATALOGUE: dict[str, Refusal] = {
    "opaque-conversion": Refusal(
        "a tensor's value is needed by code that diptych cannot see into",
        "built-in functions and C extensions take Python numbers; the number is known only when the graph runs",
        "take the decision in Python code that has source, or with torch operations",
    ),
    "tensor-to-numpy": Refusal(
        "a tensor is handed to NumPy or to Python as raw data",
        "a graph holds torch operations; what NumPy does with the data would not be part of it",
        "use the torch function of the same name",
    ),
    "autograd-inside": Refusal(
        "gradients are taken, or hooks set, inside the captured function",
        "the graph would have to hold the gradient of a part of itself",
        "hybridize the forward part, and call backward() outside",
    ),
    "tensor-subclass": Refusal(
        "a tensor that is not an ordinary dense tensor",
        "sparse, nested, quantized and wrapped tensors carry behaviour of their own",
        "convert it with .to_dense(), or leave it outside the captured function",
    ),
    "data-dependent-shape": Refusal(
        "an operation asks for a size that only the data decide",
        "the shape of the result, or whether the operation is legal, is not known before the graph runs",
        "state the size with torch._check, or choose an operation that does not depend on it",
    ),
    "mutation": Refusal(
        "an in-place operation whose functional form is not known",
        "the graph is functional: every write must become a new value",
        "use the out-of-place form",
    ),
    "view-of-path": Refusal(
        "a write to a tensor that may share memory with another one, depending on the path taken",
        "which of the two tensors changes is decided only when the graph runs",
        "clone the tensor before writing to it",
    ),
    "shared-inputs": Refusal(
        "a write to an argument that shares memory with another argument",
        "the write would change both",
        "pass a clone of one of them",
    ),
    "loop-state": Refusal(
        "a value carried by a loop changes its type or structure from round to round",
        "a staged loop carries a fixed number of values of fixed types",
        "give the value its final type before the loop starts",
    ),
    "loop-items": Refusal(
        "a loop over items of different kinds is left depending on a tensor, or is too long to be unrolled",
        "each item would need a copy of everything that follows",
        "put the items in a list of equal tensors, or decide after the loop",
    ),
    "endless-loop": Refusal(
        "a loop whose condition never depends on a tensor does not end",
        "it was unrolled for more rounds than the limit",
        "bound the loop, or let a tensor decide its end",
    ),
    "structure-in-branch": Refusal(
        "the two sides of a branch leave an object in states that cannot be told apart by their tensors",
        "the graph chooses between values, not between structures of this kind",
        "give both sides the same structure",
    ),
    "recursion-state": Refusal(
        "a recursive function writes to state outside itself",
        "the recursive call would have to carry that state",
        "return the state as a value instead",
    ),
    "recursion-objects": Refusal(
        "a recursion over objects that cannot be run level by level",
        "nodes of one level are computed at once: only tensors may go from node to node, from the children upwards",
        "return as tensors what a node needs of its children; draw, collect and store outside the recursion",
    ),
    "recursion-type": Refusal(
        "the result of a recursive function has no fixed type, or no case that ends it",
        "the type of a recursive call is that of the case that does not call again",
        "let all cases return tensors of the same type",
    ),
    "raise-in-try": Refusal(
        "an exception raised on a tensor's condition inside a try that may catch it",
        "whether the handler runs is decided only when the graph runs",
        "test the condition with if instead of try",
    ),
    "generator-decision": Refusal(
        "a generator decides on a tensor's value",
        "a generator is suspended and resumed by Python, outside the graph",
        "collect the items in a list",
    ),
    "frame-access": Refusal(
        "the function looks at its own frame (locals, eval, exec)",
        "the transformed function has other frames",
        "pass the values explicitly",
    ),
    "outside-world": Refusal(
        "a call that reads or changes something outside the program",
        "its result would be frozen into the graph, or its effect lost",
        "call it outside the captured function and pass the result in",
    ),
    "outside-write": Refusal(
        "a write to an object that diptych cannot restore or repeat",
        "an update of outside state must be carried out once for every call",
        "keep the state in an attribute, list, dict or tensor",
    ),
    "unsupported-operation": Refusal(
        "an operation that cannot be recorded",
        "torch has no meta kernel for it, or it reads raw memory",
        "use another operation",
    ),
    "unpacking": Refusal(
        "the number of items depends on the data",
        "Python needs to know how many there are",
        "unpack a known number of items, e.g. x[0], x[1]",
    ),
    "number-of-arguments": Refusal(
        "an argument that cannot be guarded",
        "a graph is valid for the arguments it was made from; this one cannot be compared with the next",
        "pass tensors, numbers, strings, and containers or objects of them",
    ),
    "grad-mode": Refusal(
        "enable_grad inside a captured function, or inference_mode around a part of it",
        "the graph runs in the mode of its caller, or as a whole in inference mode",
        "enter the mode outside, or decorate the whole function",
    ),
    "leaked-value": Refusal(
        "a value of one side of a branch is used where that side did not run",
        "it was kept in a place that diptych does not follow",
        "return the value from the branch",
    ),
    "too-many-paths": Refusal(
        "the program has more paths than the limit",
        "values of different structure multiply the paths that follow",
        "give the sides of the branches the same structure",
    ),
    "too-many-graphs": Refusal(
        "the program has as many graphs as are kept of one program, and a call fits none of them",
        "calls differ in what a graph takes as fixed; calls that no graph fits are imperative, and graphs are tried "
        "less and less often if hardly a call fits one",
        "hand over what changes as a tensor or a number, or hybridize the part that does not depend on it",
    ),
    "changing-paths": Refusal(
        "nearly every call takes another path through a program that is captured path by path",
        "a graph of one path is of use only if calls take that path again",
        "see the other refusals: they say why the program is not captured with all its paths",
    ),
    "no-source": Refusal(
        "the function has no source to transform",
        "functions typed in or made by exec have none; what such a function reads of the outside cannot be guarded",
        "put the function into a file, or hand it what it reads as arguments",
    ),
    "internal": Refusal(
        "capture failed in a way it should not",
        "this is a fault of diptych",
        "please report it, with the program",
    ),
}


class Refused(CaptureRefused):
    """A refusal from the catalogue, met at `where`; `detail` says what was seen."""

    def __init__(self, refusal: str, detail: str = "", where: Any = None) -> None:
        entry = CATALOGUE[refusal]
        what = f"{entry.summary} [{refusal}]" + (f": {detail}" if detail else "")
        super().__init__(refusal, where, entry.why, entry.remedy, what)
        self.detail = detail


def document() -> str:
    """The catalogue as Markdown: the text of `docs/refusals.md`."""
    rows = [
        "# Refusals",
        "",
        "What `diptych.capture` refuses, by id. `diptych.hybridize` runs such a program imperatively and says so in",
        "its report. This page is generated from `diptych.capture.refusals` (`make docs`).",
    ]
    for name, entry in CATALOGUE.items():
        rows += [
            "",
            f"## {name}",
            "",
            f"What: {entry.summary}.",
            "",
            f"Why: {entry.why}.",
            "",
            f"Instead: {entry.remedy}.",
        ]
    return "\n".join(rows) + "\n"
