"""Values that a loop or a call carries out: its outputs, read one after the other as values of their forms."""

from __future__ import annotations

from typing import Any, cast

from diptych.capture.regions import Region
from diptych.capture.staging.form_types import Form, count
from diptych.capture.staging.forms import Forms


class After:
    """Reads the outputs of a loop or call, one after the other, as values of forms."""

    def __init__(self, forms: Forms, node: Any, specs: tuple[Any, ...] | None) -> None:
        self.forms = forms
        self.tape = forms.tape
        self.node = node
        self.specs = specs
        self.index = 1
        self.found: list[Any] = []
        self.named: dict[int, Any] = {}

    def next(self) -> Any:
        """The node of the next output."""
        made = self.tape.item(self.node, self.index, self.specs[self.index] if self.specs is not None else None)
        self.index += 1
        return made

    def value(self, form: Form) -> Any:
        """The next value of this form."""
        start = self.index
        nodes = [self.next() for _ in range(count(form))]
        saved = self.tape.region
        self.tape.region = cast(Region, Adopted(saved, nodes))
        try:
            made = self.forms.formal(form, [])
        finally:
            self.tape.region = saved
        self.found += [node.meta["spec"] for node in nodes]
        self.named.update({start + i: node.meta["spec"] for i, node in enumerate(nodes)})
        return made


class Adopted:
    """Stands for a region while formal values are made: its next placeholder is a node that exists already."""

    def __init__(self, region: Region, nodes: list[Any]) -> None:
        self.region = region
        self.nodes = iter(nodes)
        self.depth = region.depth

    def placeholder(self, name: str, meta: dict[str, Any]) -> Any:
        """The next node."""
        node = next(self.nodes)
        node.meta["spec"] = meta["spec"]
        return node

    def sees(self, node: Any) -> bool:
        """As the region itself."""
        return self.region.sees(node)
