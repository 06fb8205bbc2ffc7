"""Growing lists: a list whose length only the graph knows is kept as stacked columns, one row an item."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.staging.form_types import RowsForm
from diptych.capture.staging.forms import Forms
from diptych.capture.staging.mixtures import Mixtures, mixed_contents
from diptych.capture.staging.packing import rebuild
from diptych.capture.staging.rows import RowsOf, number_tensor, row, rows_of
from diptych.capture.values import Scalar, kind_of


class Growing(Mixtures):
    """Items, appending and concatenation."""

    def rows_item(self, rows: RowsOf, key: Any) -> Any:
        """An item, or a slice, of a list whose length the graph knows."""
        if isinstance(key, slice):
            columns, part = rows.columns, self.arguments(key)
            if isinstance(part.step, int) and part.step < 0:  # tensors have no negative steps
                columns, part = [c.flip(0) for c in columns], from_the_end(part)
            return [RowsOf([c[part] for c in columns], rows.numbers, rows.item)]
        return self.row_at(rows, key)

    def row_at(self, rows: RowsOf, index: Any) -> Any:
        """Item `index`."""
        index = self.tape.as_scalar(index)
        place = self.tape.argument(index) if isinstance(index, Scalar) else index
        leaves: list[Any] = []
        for column, kind in zip(rows.columns, rows.numbers, strict=True):
            leaf = torch.select(column, 0, place)
            leaves.append(self.number_of(leaf) if kind else leaf)
        return rebuild(rows.item, leaves)

    def append(self, rows: RowsOf, value: Any) -> RowsOf:
        """The rows with one more item."""
        new = self.new_rows(rows, value)
        return rows.over([torch.cat(pair, 0) for pair in zip(rows.columns, new, strict=True)], new)

    def inserted(self, rows: RowsOf, index: int, value: Any) -> RowsOf:
        """The rows with one more item before the one at `index`; slices of tensors clamp as `list.insert` does."""
        new = self.new_rows(rows, value)
        parts = zip(rows.columns, new, strict=True)
        return rows.over([torch.cat([c[:index], n, c[index:]], 0) for c, n in parts], new)

    def without(self, rows: RowsOf, index: int) -> RowsOf:
        """The rows without the one at `index`, which exists."""
        if index in (0, -1):
            return RowsOf([c[1:] if index == 0 else c[:-1] for c in rows.columns], rows.numbers, rows.item)
        return rows.over([torch.cat([c[:index], c[index + 1 :]], 0) for c in rows.columns])

    def replaced(self, rows: RowsOf, index: Any, value: Any) -> RowsOf:
        """The rows with another item at an index."""
        if isinstance(index, int) and index < 0:
            index = self.tape.as_scalar(rows.columns[0].shape[0]) + index
        place = number_tensor(self.tape, (index,), torch.int64)
        new = self.new_rows(rows, value)
        return rows.over([torch.index_copy(c, 0, place, n) for c, n in zip(rows.columns, new, strict=True)], new)

    def new_rows(self, rows: RowsOf, value: Any) -> list[torch.Tensor]:
        """An item as one more row for each column."""
        leaves: list[Any] = []
        try:
            Forms(self).leaves_of(value, rows.item, leaves)
        except (ValueError, AttributeError):
            raise self.tape.refuse("loop-state", "items of different structure are appended to one list") from None
        if len(leaves) != len(rows.columns):
            raise self.tape.refuse("loop-state", "items of different structure are appended to one list")
        columns: list[torch.Tensor] = []
        for column, leaf, kind in zip(rows.columns, leaves, rows.numbers, strict=True):
            if kind_of(self.tape.as_scalar(leaf)) != kind or (kind is None and not isinstance(leaf, torch.Tensor)):
                raise self.tape.refuse("loop-state", "items of different types are appended to one list")
            new, _ = row(self.tape, self.tape.as_scalar(leaf))
            if new.dtype != column.dtype or not all(
                self.tape.known(a == b) for a, b in zip(new.shape[1:], column.shape[1:], strict=True)
            ):
                raise self.tape.refuse("loop-state", "items of different shapes are appended to one list")
            columns.append(new)
        return columns

    def as_rows(self, items: Any, like: RowsOf | None) -> RowsOf:
        """A list of known length in the form of one that grows."""
        assert like is not None
        forms = Forms(self)
        form = RowsForm(tuple(forms.column(c) for c in like.columns), tuple(like.numbers), like.item)
        return forms.stack(items, form)

    def concatenate(self, left: list[Any], right: list[Any]) -> list[Any]:
        """`left + right` of lists that may grow."""
        for owner in (left, right):
            if mixed_contents(owner) is not None:
                return self.through_mixed(owner, lambda: self.concatenate(left, right))
        marker, other = rows_of(left), rows_of(right)
        if marker is None and other is None:
            return left + right
        first = marker or self.as_rows(left, other)
        second = other or self.as_rows(right, marker)
        columns = [torch.cat([a, b], 0) for a, b in zip(first.columns, second.columns, strict=True)]
        return [first.over(columns, second.columns)]


def from_the_end(key: slice) -> slice:
    """The slice that takes from a list's reverse what `key`, with a negative step, takes from the list."""
    start, stop = (None if place is None else -1 - place for place in (key.start, key.stop))
    return slice(start, stop, -key.step)
