"""Templates of expressions and conditions of random programs with state, by theme.

`$kind` stands for a name or an expression of that kind, `$to_kind` for a local name that may be assigned, `$in_kind`
for any name, `$own` for a tensor that may be written to in place, `$C` for a float literal, `$I` for an index.
A program has the theme "plain" and one to three others.
"""

from __future__ import annotations

START = {
    "vector": {"a": "x * 1.0", "b": "x + y"},
    "scalar": {"s": "y.mean()", "t": "x.max() - 0.5"},
    "whole": {"w": "n + 1"},
    "int": {"k": "1", "i": "j"},
    "float": {"f": "0.5", "g": "self.scale * 0.5"},
    "bool": {"flag": "False"},
    "rows": {"rows": "[y * 0.5]", "more": "[]"},
    "table": {"d": "{'p': y.sum()}"},
    "maybe": {"o": "None"},
}
"""The locals a program begins with (those it uses), by kind, and what is assigned to them."""

GIVEN = {"vector": ["x", "y", "m"], "whole": ["n"], "int": ["j"], "rows": ["items"]}

EXPRESSIONS: dict[str, dict[str, list[str]]] = {
    "vector": {
        "plain": [
            "$vector * $C",
            "0.5 * ($vector + $vector)",
            "torch.tanh($vector * $vector)",
            "torch.where($vector > $C, $vector, $scalar)",
            "($vector + $float).clamp(-2.0, 2.0)",
            "$vector.flip(0) + $int",
            "(x if $maybe is None else $maybe) + $C",
            "($vector * 0.5 if $test else $vector + 0.1)",
            "sum($rows, $vector) * 0.5",
        ],
        "state": ["$vector + self.level", "$vector * self.box.value"],
        "fixed": ["$vector + self.memory", "self.memory * $C", "(x if self.last is None else self.last) * 0.5"],
        "alias": ["$vector.view(-1)", "$vector[:]", "$vector.detach()", "($vector if $test else $vector)"],
        "random": [
            "$vector + torch.rand_like(x)",
            "F.dropout($vector, 0.5, self.training)",
            "$vector * random.random()",
        ],
        "hyper": ["$vector * self.scale", "self.act($vector)", "($vector if self.mode == 'a' else -$vector)"],
        "closure": [
            "helper($vector)",
            "helper($vector, $float)",
            "mixed($vector, $vector)",
            "mixed($vector, scale=$C)",
        ],
        "module": ["self.cell($vector)", "torch.relu(self.cell($vector))"],
        "raise": ["checked($vector)", "self.guarded($vector)"],
    },
    "scalar": {
        "plain": [
            "$vector.sum() * 0.5",
            "$vector.max() - $vector[$I]",
            "torch.tanh($scalar + $float)",
            "$scalar * 0.5 + $C",
            "$vector.dot(torch.tanh($vector))",
            "$table['p'] * 0.5",
        ],
        "state": ["self.level * 0.5", "self.box.value + $scalar", "$scalar + self.count", "$scalar + self.total"],
        "random": ["torch.rand(())", "torch.rand(1)[0] - 0.5", "$scalar + random.random()"],
        "hyper": ["$scalar + self.scale"],
        "closure": ["(lambda u: u * $C)($scalar)"],
    },
    "whole": {"plain": ["($whole + $int) % 4", "($vector > $C).sum()", "$vector.argmax()"]},
    "int": {
        "plain": ["($int + 1) % 5", "$int - 2", "int($whole)", "len($rows)", "$int * 2 % 3"],
        "state": ["self.count", "len(self.history)", "len(self.counts)", "self.count % 3", "self.counts.get('q', 0)"],
        "closure": ["sum(1 for r in $rows if r.sum() > $C)", "len([q for q in range(3) if q > $int])"],
        "raise": ["7 // $int", "[3, 1, 2][$int]"],
        "random": ["random.randint(0, 2)"],
    },
    "float": {
        "plain": ["0.5 * $float + $C", "$scalar.item()", "float($scalar) * 0.5", "min($float, 1.5)", "abs($float)"],
        "state": ["self.total", "self.total * 0.5"],
        "hyper": ["self.scale", "self.scale * $int"],
        "random": ["random.random()"],
    },
    "bool": {
        "plain": ["bool($test)", "not $bool", "$float > 0.4", "$int == 1"],
        "state": ["self.flag", "'q' in self.counts", "self.box.items == []"],
        "alias": ["$vector is $vector", "$rows is $rows", "self.box.items is $rows"],
        "hyper": ["self.training", "self.mode == 'a'"],
    },
    "rows": {
        "plain": ["[$vector, $vector]", "$rows + [$vector]"],
        "alias": ["$rows[:1]", "list($rows)", "$rows"],
        "closure": ["[r * $C for r in $rows]", "[r for r in $rows if r.sum() > $C]"],
        "state": ["self.box.items"],
    },
    "table": {
        "plain": ["{'p': $scalar}", "{**$table, 'p': $scalar}"],
        "alias": ["$table"],
        "closure": ["{key: value * 0.5 for key, value in $table.items()}"],
    },
    "maybe": {"plain": ["None", "$vector"], "fixed": ["self.last"]},
}

TESTS: dict[str, list[str]] = {
    "plain": [
        "$vector.sum() > $C",
        "$scalar > $C",
        "$scalar < $float",
        "$vector[$I] > $vector[$I]",
        "($vector > $C).any()",
        "$whole % 2 == 0",
        "$whole > $int",
        "not $scalar > $C",
        "$bool",
        "$int % 2 == 1",
        "$maybe is None",
        "($bool and $scalar > $C)",
        "($scalar > $C or $int > 2)",
        "$rows",
    ],
    "state": [
        "self.count > 2",
        "self.flag",
        "self.history",
        "self.total > 0.3",
        "self.level > $C",
        "'z' in self.counts",
    ],
    "random": ["torch.rand(()) < 0.5", "random.random() < 0.5"],
    "hyper": ["self.training", "self.mode == 'a'", "self.scale > $scalar"],
    "alias": ["$vector is $vector"],
}

RESULTS = ["$own", "$vector", "$scalar", "$whole", "$int", "$float", "$bool", "$maybe", "$rows", "$table", "$rows"]
