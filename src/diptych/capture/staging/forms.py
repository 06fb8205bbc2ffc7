"""The types of loop-carried values: what they have in common from round to round."""

from __future__ import annotations

import collections
from typing import Any

import torch

from diptych.capture.staging.form_types import (
    ChoiceForm,
    ConstantForm,
    Form,
    HeldForm,
    NumberForm,
    PartsForm,
    RowsForm,
    TensorForm,
    assemble,
    count,
    number_kind,
    take_apart,
)
from diptych.capture.staging.packing import holds
from diptych.capture.staging.rows import RowsOf, row, rows_of
from diptych.capture.tensors import Handle, Store, attach, copied, handle, node_of
from diptych.capture.trail import attributes
from diptych.capture.values import Original, Scalar, Undefined, Union, kind_of
from diptych.graph.layout import Constant, Layout, Leaf, Mapping_, Object_, Sequence_, setting
from diptych.graph.spec import NumberSpec


class Forms:
    """Finds, widens, instantiates and fills forms.

    With `held` a list or dict that is the same one in every round is carried as itself, not as a copy.
    """

    def __init__(self, stager: Any, held: bool = False) -> None:
        self.stager = stager
        self.tape = stager.tape
        self.held = held
        self.copied: dict[int, Any] = {}
        self.open: set[int] = set()

    def of(self, value: Any) -> Form:
        """The form of a value as it stands."""
        value = self.tape.as_scalar(value)
        if isinstance(value, torch.Tensor):
            fake = self.stager.traced(value)
            shape = tuple(None if self.tape.local_size(s) else s for s in fake.shape)
            stride = None if None in shape else tuple(fake.stride())
            return TensorForm(fake.dtype, fake.device, shape, stride, handle(fake).store.requires_grad)
        if isinstance(value, Scalar):
            return NumberForm(value.kind)
        if isinstance(value, Union):
            return ChoiceForm(self.of(value.then), self.of(value.orelse))
        if type(value) in (list, dict) and (self.held or self.stager.outside(value)):
            return HeldForm(value)
        marker = rows_of(value)
        if marker is not None:
            return self.grown(marker)
        if type(value) in (list, tuple, dict):
            return self.container(value)
        if self.structured(value) and holds(value, self.stager.outside):
            return self.container(value)
        return ConstantForm(value)

    def contents(self, content: Any) -> Form:
        """The form of what a container holds: lists of different length on different paths are lists that grow."""
        if isinstance(content, Union):
            return self.widen(self.contents(content.then), self.contents(content.orelse))
        bare = type(content) in (list, dict) and rows_of(content) is None
        return self.container(content) if bare else self.of(content)

    def structured(self, value: Any) -> bool:
        """Whether a value is taken apart (else it is carried as the object it is)."""
        if (
            isinstance(value, torch.nn.Module | type)
            or callable(value)
            or isinstance(value, Original)
            or self.stager.outside(value)
        ):
            return False
        return (
            not isinstance(value, Undefined) and value is not None and not isinstance(value, int | float | str | bytes)
        )

    def container(self, value: Any) -> Form:
        """A container or object by its parts; one that holds itself is carried as the object it is."""
        if id(value) in self.open:
            return ConstantForm(value)
        self.open.add(id(value))
        try:
            return self.parts(value)
        finally:
            self.open.discard(id(value))

    def parts(self, value: Any) -> PartsForm:
        kind = type(value)
        if isinstance(value, dict):
            return PartsForm(kind, tuple(value), tuple(self.of(v) for v in value.values()), setting(value))
        if isinstance(value, list | tuple | collections.deque):
            return PartsForm(kind, (), tuple(self.of(v) for v in value), setting(value))
        if id(value) in self.stager.inexact_errors:
            raise self.tape.refuse("loop-state", f"a {kind.__name__} whose text may differ is kept from round to round")
        names = attributes(value)
        return PartsForm(kind, tuple(names), tuple(self.of(v) for v in names.values()))

    def column(self, tensor: torch.Tensor) -> TensorForm:
        shape = (None, *(None if self.tape.local_size(s) else s for s in tensor.shape[1:]))
        return TensorForm(tensor.dtype, tensor.device, shape, None, handle(tensor).store.requires_grad)

    # Widening ---------------------------------------------------------------------------------------------------

    def widen(self, a: Form, b: Form) -> Form:
        """The form of a value that has form `a` in one round and form `b` in another."""
        if isinstance(a, HeldForm) and isinstance(b, HeldForm) and a.value is b.value:
            return a
        if isinstance(a, PartsForm | RowsForm | HeldForm) and isinstance(b, PartsForm | RowsForm | HeldForm):
            a, b = self.copy(a), self.copy(b)
        if isinstance(a, ConstantForm) and isinstance(b, ConstantForm):
            return self.constants(a, b)
        kinds = number_kind(a), number_kind(b)
        if kinds[0] is not None and kinds[0] == kinds[1]:
            return NumberForm(kinds[0])
        if isinstance(a, TensorForm) and isinstance(b, TensorForm):
            return self.tensors(a, b)
        if isinstance(a, RowsForm) or isinstance(b, RowsForm):
            rows = self.rows(a, b)
            if rows is not None:
                return rows
        if isinstance(a, PartsForm) and isinstance(b, PartsForm) and a.make is b.make:
            if a.names == b.names and len(a.parts) == len(b.parts) and a.setting == b.setting:
                parts = tuple(self.widen(x, y) for x, y in zip(a.parts, b.parts, strict=True))
                return PartsForm(a.make, a.names, parts, a.setting)
            if a.make is list:
                return self.rows(a, b) or self.choice(a, b)
        return self.choice(a, b)

    def copy(self, form: Form) -> Form:
        """A container as one that has the same parts; those from outside are always themselves."""
        if not isinstance(form, HeldForm) or self.stager.outside(form.value):
            return form
        marker = rows_of(form.value)
        return self.container(form.value) if marker is None else self.grown(marker)

    def grown(self, marker: RowsOf) -> RowsForm:
        """The form of a list that grows."""
        return RowsForm(tuple(self.column(c) for c in marker.columns), tuple(marker.numbers), marker.item)

    def constants(self, a: ConstantForm, b: ConstantForm) -> Form:
        kinds = kind_of(a.value), kind_of(b.value)
        if a.value is b.value or (kinds[0] is not None and kinds[0] == kinds[1] and repr(a.value) == repr(b.value)):
            return a
        if isinstance(a.value, Undefined) and isinstance(b.value, Undefined):
            return a
        if kinds[0] is not None and kinds[0] == kinds[1] and kinds[0] != "str":
            return NumberForm(kinds[0])
        return self.choice(a, b)

    def tensors(self, a: TensorForm, b: TensorForm) -> Form:
        if a.dtype != b.dtype or a.device != b.device or len(a.shape) != len(b.shape):
            return self.choice(a, b)
        known = [
            x is not None and y is not None and self.tape.known(x == y) for x, y in zip(a.shape, b.shape, strict=True)
        ]
        shape = tuple(x if k else None for x, k in zip(a.shape, known, strict=True))
        stride = a.stride if None not in shape and a.stride == b.stride else None
        return TensorForm(a.dtype, a.device, shape, stride, a.grad or b.grad)

    def choice(self, a: Form, b: Form) -> Form:
        """Two forms told apart by a flag; a third type is too many."""
        if isinstance(a, ChoiceForm):
            if isinstance(b, ChoiceForm):
                return self.widen(self.widen(a, b.then), b.orelse)
            for side in ("then", "orelse"):
                own = getattr(a, side)
                wide = self.widen(own, b) if not isinstance(own, ChoiceForm) else None
                if wide is not None and not isinstance(wide, ChoiceForm):
                    return ChoiceForm(wide, a.orelse) if side == "then" else ChoiceForm(a.then, wide)
            raise self.tape.refuse("loop-state", "more than two types")
        if isinstance(b, ChoiceForm):
            return self.choice(b, a)
        return ChoiceForm(a, b)

    def rows(self, a: Form, b: Form) -> RowsForm | None:
        """Lists of different length: a growing list, if their items are alike."""
        items: list[Form] = []
        for form in (a, b):
            if isinstance(form, PartsForm) and form.make is list:
                items += form.parts
            elif not isinstance(form, RowsForm):
                return None
        known = [f for f in (a, b) if isinstance(f, RowsForm)]
        if not items and len(known) < 2:
            return known[0] if known else None
        found = [self.item_rows(i) for i in items] + known
        if any(f is None for f in found):
            return None
        first = found[0]
        assert first is not None
        for other in found[1:]:
            assert other is not None
            if other.numbers != first.numbers or repr(other.item) != repr(first.item):
                return None
            wide = [self.tensors(x, y) for x, y in zip(first.columns, other.columns, strict=True)]
            columns = tuple(c for c in wide if isinstance(c, TensorForm))
            if len(columns) < len(wide):
                return None
            first = RowsForm(columns, first.numbers, first.item)
        if any(None in c.shape[1:] for c in first.columns):
            return None
        return first

    def item_rows(self, form: Form) -> RowsForm | None:
        """The rows that items of this form would make."""
        columns: list[TensorForm] = []
        numbers: list[str | None] = []
        try:
            layout = self.flatten(form, columns, numbers)
        except ValueError:
            return None
        return RowsForm(tuple(columns), tuple(numbers), layout)

    def flatten(self, form: Form, columns: list[TensorForm], numbers: list[str | None]) -> Layout:
        form = self.copy(form)
        kind = number_kind(form)
        if isinstance(form, TensorForm):
            columns.append(TensorForm(form.dtype, form.device, (None, *form.shape), None, form.grad))
            numbers.append(None)
            return Leaf(len(columns) - 1)
        if kind in ("int", "float", "bool"):
            dtype = {"float": torch.float64, "int": torch.int64, "bool": torch.bool}[kind]
            columns.append(TensorForm(dtype, torch.device("cpu"), (None,), None, False))
            numbers.append(kind)
            return Leaf(len(columns) - 1)
        if isinstance(form, ConstantForm):
            return Constant(form.value)
        if isinstance(form, PartsForm):
            parts = tuple(self.flatten(p, columns, numbers) for p in form.parts)
            if issubclass(form.make, dict):
                return Mapping_(form.make, form.names, parts, form.setting)
            if issubclass(form.make, list | tuple):
                return Sequence_(form.make, parts, form.setting)
            return Object_(form.make, form.names, parts)
        raise ValueError(form)

    # Formal values ----------------------------------------------------------------------------------------------

    def formal(self, form: Form, inputs: list[Any]) -> Any:
        """A fresh value of this form; its leaves are new placeholders of the current region."""
        if isinstance(form, TensorForm):
            return self.formal_tensor(form, inputs)
        if isinstance(form, NumberForm):
            node = self.tape.region.placeholder(f"c{len(inputs)}", {"spec": NumberSpec(form.kind), "where": None})
            inputs.append(node)
            return Scalar(self.tape, node, form.kind)
        if isinstance(form, ConstantForm | HeldForm):
            return form.value
        if isinstance(form, ChoiceForm):
            tag = self.formal(NumberForm("bool"), inputs)
            return Union(tag, self.formal(form.then, inputs), self.formal(form.orelse, inputs))
        if isinstance(form, RowsForm):
            columns = [self.formal_tensor(c, inputs) for c in form.columns]
            for column, kind in zip(columns, form.numbers, strict=True):
                handle(column).store.copies = kind is None
            return self.stager.birth([RowsOf(columns, list(form.numbers), form.item)])
        made = assemble(form, [self.formal(p, inputs) for p in form.parts])
        return self.stager.birth(made) if form.make in (list, dict) else made  # objects: copies, not to be written to

    def formal_tensor(self, form: TensorForm, inputs: list[Any]) -> torch.Tensor:
        tape = self.tape
        shape = [tape.shape_env.create_unbacked_symint() if s is None else s for s in form.shape]
        fake = tape.empty(shape, form.dtype, form.device, form.stride)
        node = tape.region.placeholder(f"c{len(inputs)}", {"spec": tape.spec(fake), "where": None})
        inputs.append(node)
        store = Store(node, form.grad)
        store.depth = tape.region.depth
        attach(fake, Handle(store, node))
        tape.bind_sizes(fake, node)
        return fake

    def fill(self, form: Form, value: Any, leaves: list[Any]) -> None:
        """The leaves of a value as this form has them (nodes of the current region, or numbers)."""
        value = self.tape.as_scalar(value)
        if isinstance(form, ConstantForm | HeldForm):
            return
        if isinstance(form, ChoiceForm):
            self.fill_choice(form, value, leaves)
        elif isinstance(form, NumberForm):
            leaves.append(self.tape.region.use(value.node) if isinstance(value, Scalar) else value)
        elif isinstance(form, TensorForm):
            leaves.append(self.tape.region.use(node_of(self.tape, self.stager.traced(value))))
        elif isinstance(form, RowsForm):
            self.once(value)
            if isinstance(value, Union):
                value = self.stager.distribute(lambda v: [rows_of(v) or self.stack(v, form)], value)
            marker = rows_of(value) or self.stack(value, form)
            leaves += [self.tape.region.use(node_of(self.tape, c)) for c in marker.columns]
        else:
            self.once(value)
            for part, item in zip(form.parts, take_apart(value), strict=True):
                self.fill(part, item, leaves)

    def once(self, value: Any) -> None:
        """Containers are carried as copies: one that is carried twice would become two."""
        if isinstance(value, tuple | Union):
            return
        if id(value) in self.copied:
            raise self.tape.refuse("loop-state", f"one {type(value).__name__} is carried twice")
        self.copied[id(value)] = value

    def fill_choice(self, form: ChoiceForm, value: Any, leaves: list[Any]) -> None:
        """The flag, and the leaves of both alternatives (absent for the one that does not hold)."""
        if isinstance(value, Union):
            swapped = not self.first(form, value.then)
            if swapped and not (self.first(form, value.orelse) and self.fits(form.orelse, value.then)):
                both = self.fits(form.orelse, value.then) and self.fits(form.orelse, value.orelse)
                raise self.tape.refuse("loop-state", "a value of changing type" + (" (nested)" if both else ""))
            if not swapped and not self.fits(form.orelse, value.orelse):
                raise self.tape.refuse("loop-state", "a value of changing type")
            pred = self.stager.negation(value.pred) if swapped else value.pred
            leaves.append(self.tape.region.use(pred.node))
            self.fill(form.then, value.orelse if swapped else value.then, leaves)
            self.fill(form.orelse, value.then if swapped else value.orelse, leaves)
            return
        holds_ = self.first(form, value)
        leaves.append(holds_)
        if holds_:
            self.fill(form.then, value, leaves)
        else:
            leaves += [None] * count(form.then)
        if holds_:
            leaves += [None] * count(form.orelse)
        else:
            self.fill(form.orelse, value, leaves)

    def first(self, form: ChoiceForm, value: Any) -> bool:
        """Whether a value is carried as the first of two types; the container that the second one is, is not."""
        second = isinstance(form.orelse, HeldForm) and form.orelse.value is value
        return not second and self.fits(form.then, value)

    def fits(self, form: Form, value: Any) -> bool:
        """Whether a value can be carried in this form."""
        own = self.of(value)
        try:
            return repr(self.widen(form, own)) == repr(form)
        except Exception:
            return False

    def stack(self, items: Any, form: RowsForm) -> RowsOf:
        """A list of known length as rows."""
        tables: list[list[torch.Tensor]] = [[] for _ in form.columns]
        for item in items:
            leaves: list[Any] = []
            self.leaves_of(item, form.item, leaves)
            for table, leaf in zip(tables, leaves, strict=True):
                table.append(row(self.tape, leaf)[0])
        columns: list[torch.Tensor] = []
        for table, column, kind in zip(tables, form.columns, form.numbers, strict=True):
            if table:
                columns.append(torch.cat(table, 0))
                if kind is None:
                    copied(columns[-1], *table)
            else:
                columns.append(torch.empty([0, *column.shape[1:]], dtype=column.dtype, device=column.device))
        return RowsOf(columns, list(form.numbers), form.item)

    def leaves_of(self, value: Any, layout: Layout, leaves: list[Any]) -> None:
        """The leaves of an item in the order of its layout."""
        if isinstance(layout, Leaf):
            leaves.append(value)
        elif isinstance(layout, Sequence_ | Mapping_ | Object_):
            for part, item in zip(layout.items, take_apart(value), strict=True):
                self.leaves_of(item, part, leaves)
        elif not isinstance(layout, Constant):
            raise ValueError(layout)
