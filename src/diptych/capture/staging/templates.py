"""Texts by template: `"-".join(parts)`, `"{} {x}".format(...)` and `"%s" % value` as f-strings of their parts."""

from __future__ import annotations

import re
import string
from typing import Any

from diptych.capture.staging.exceptions import certain
from diptych.capture.staging.texts import Texts
from diptych.capture.values import Scalar, Union, kind_of

PERCENT = re.compile(r"%(?:\((\w+)\))?([-+0 ]*)(\d*)((?:\.\d+)?)([diouxXeEfFgGcrsa%])")


class Templates(Texts):
    """Methods and operators of texts that hold values of the graph."""

    def join_items(self, separator: str, items: Any) -> Any:
        """`separator.join(items)`."""
        parts: list[Any] = []
        for index, item in enumerate(self.iterate(items)):
            item = self.tape.as_scalar(self.resolve(item))
            if isinstance(item, Scalar) and item.kind != "str":
                raise certain(TypeError(f"sequence item {index}: expected str instance, {item.kind} found"))
            parts += [separator, item] if index else [item]
        if any(isinstance(part, Union) for part in parts):
            return self.distribute(lambda *known: self.join_items("", known), *parts)
        if not any(isinstance(part, Scalar) for part in parts):
            return "".join(parts)
        return self.join_text(*parts)

    def format_template(self, template: str, *args: Any, **kwargs: Any) -> Any:
        """`template.format(...)`."""
        if not self.holds_traced((args, kwargs)):
            return template.format(*args, **kwargs)
        parts: list[Any] = []
        count = 0
        for text, field, spec, conversion in string.Formatter().parse(template):
            parts.append(text)
            if field is None:
                continue
            if (spec and "{" in spec) or (field and not field.isidentifier() and not field.isdigit()):
                raise self.tape.refuse("opaque-conversion", "str.format() with a nested field; use an f-string")
            value = args[int(field or count)] if not field or field.isdigit() else kwargs[field]
            count += not field
            parts.append(self.format(value, ord(conversion) if conversion else -1, spec or ""))
        return self.join_text(*parts)

    def percent(self, template: str, values: Any) -> Any:
        """`template % values`."""
        rest: list[Any] = list(values) if isinstance(values, tuple) else [values]
        named: Any = values
        parts: list[Any] = []
        position = 0
        for found in PERCENT.finditer(template):
            if "%" in template[position : found.start()]:
                break
            parts.append(template[position : found.start()])
            position = found.end()
            name, flags, width, precision, code = found.groups()
            if code == "%":
                parts.append("%")
                continue
            if not rest and name is None:
                raise certain(TypeError("not enough arguments for format string"))
            parts.append(self.percent_part(named[name] if name else rest.pop(0), flags, width, precision, code))
        if "%" in template[position:]:
            raise self.tape.refuse("opaque-conversion", f"the format {template!r}; use an f-string")
        if rest and not isinstance(values, dict):
            raise certain(TypeError("not all arguments converted during string formatting"))
        return self.join_text(*parts, template[position:])

    def percent_part(self, value: Any, flags: str, width: str, precision: str, code: str) -> Any:
        """One conversion of a `%` format."""
        value = self.tape.as_scalar(self.resolve(value))
        if isinstance(value, Union):
            return self.distribute(lambda v: self.percent_part(v, flags, width, precision, code), value)
        if not self.holds_traced(value):
            return f"%{flags}{width}{precision}{code}" % (value,)
        if code in "rsa":
            if flags or precision:
                raise self.tape.refuse("opaque-conversion", f"the format %{flags}{width}{precision}{code}")
            text = self.format(value, ord(code), "")
            return self.format(text, -1, f">{width}") if width else text
        kind = kind_of(value)
        whole = kind in ("int", "bool") and code in "diouxX"
        if not (whole or (kind == "float" and code in "eEfFgG")) or "-" in flags or (whole and precision):
            raise self.tape.refuse("opaque-conversion", f"the format %{flags}{width}{precision}{code}")
        form = {"i": "d", "u": "d"}.get(code, code)
        return self.format(value, -1, f"{flags.replace('0', '')}{'0' * ('0' in flags)}{width}{precision}{form}")
