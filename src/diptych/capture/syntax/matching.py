"""`match`: a chain of `if` whose tests are the patterns, from the outside in; names are bound when all of one fits."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from diptych.capture.syntax.assignment import assign
from diptych.capture.syntax.branches import Lowered, test
from diptych.capture.syntax.build import FRAME, hook, load, names, place, store
from diptych.capture.syntax.transform import Transformer, lowers

Then = Callable[[dict[str, ast.expr]], ast.expr]
"""The test that remains once names have values."""


@lowers(ast.Match)
def lower_match(t: Transformer, node: ast.Match) -> list[ast.stmt]:
    """`match subject: ...`  ->  `match_(subject, cases, ...)`, where `cases` is a function of the subject."""
    subject = t.fresh("subject")
    value = t.expression(node.subject)
    if t.generator:
        t.locals = (*t.locals, subject)
        bound = [ast.Assign([store(name)], ast.Constant(None)) for name in sorted(captured(node)) if name in t.locals]
        # Names that only patterns bind are the generator's own, though helpers write them.
        own: list[ast.stmt] = [ast.If(ast.Constant(False), list[ast.stmt](bound), [])] if bound else []
        return [*own, ast.Assign([store(subject)], value), *cases(t, node, subject)]
    name, made = t.helper("match", cases(t, node, subject), (subject,))
    live = names(sorted(t.liveness.live_after(node) | (t.liveness.captured & set(t.locals))))
    call = hook("match_", value, load(name), load(FRAME), live)
    return [*place([made], node), ast.Expr(call)]


def cases(t: Transformer, node: ast.Match, subject: str) -> list[ast.stmt]:
    """The cases as a chain of `if` over a variable that holds the subject."""
    made: list[ast.stmt] = []
    chain: list[ast.stmt] = []
    for case in reversed(node.cases):
        condition = Lowered(Pattern(t, case.pattern, made).test(load(subject)))
        tested: ast.expr = ast.BoolOp(ast.And(), [condition, case.guard]) if case.guard else condition
        chain = [ast.If(tested, case.body, chain)]
        t.liveness.alias(chain[0], node)
        for part in ast.walk(tested):
            if "lineno" in part._attributes and not hasattr(part, "lineno"):
                ast.copy_location(part, case.pattern)
        ast.copy_location(chain[0], case.pattern)
    return [*made, *t.block(chain)]


def captured(node: ast.Match) -> set[str]:
    """The names that the patterns of all cases bind."""
    parts = [part for case in node.cases for part in ast.walk(case.pattern)]
    found = {part.name for part in parts if isinstance(part, ast.MatchAs | ast.MatchStar)}
    found |= {part.rest for part in parts if isinstance(part, ast.MatchMapping)}
    return {name for name in found if name is not None}


class Pattern:
    """The pattern of a case as an expression."""

    def __init__(self, t: Transformer, pattern: ast.pattern, made: list[ast.stmt]) -> None:
        self.t = t
        self.pattern = pattern
        self.made = made

    def test(self, subject: ast.expr) -> ast.expr:
        """Whether the pattern fits the subject; then its names are bound."""
        return self.fits(self.pattern, subject, {}, self.bind)

    def bind(self, found: dict[str, ast.expr]) -> ast.expr:
        """A call that gives names their values, all at once."""
        if not found:
            return ast.Constant(True)
        t = self.t
        parameters = {name: t.fresh("part") for name in found}
        body: list[ast.stmt] = []
        for name, parameter in parameters.items():
            if t.generator or name not in t.locals:
                body += assign(t, store(name), load(parameter))
            else:
                body.append(ast.Expr(hook("put", load(FRAME), ast.Constant(name), load(parameter))))
        helper, define = t.helper("bind", [*body, ast.Return(ast.Constant(True))], tuple(parameters.values()))
        self.made += place([define], self.pattern)
        return ast.Call(load(helper), list(found.values()), [])

    def fits(self, pattern: ast.pattern, subject: ast.expr, found: dict[str, ast.expr], then: Then) -> ast.expr:
        """Whether a pattern fits and `then` holds with the names that it captured."""
        match pattern:
            case ast.MatchValue(value):
                return self.both(ast.Compare(Lowered(subject), [ast.Eq()], [copy.deepcopy(value)]), found, then)
            case ast.MatchSingleton(value):
                return self.both(ast.Compare(Lowered(subject), [ast.Is()], [ast.Constant(value)]), found, then)
            case ast.MatchOr(patterns):
                tests: list[ast.expr] = [Lowered(self.fits(p, subject, found, then)) for p in patterns]
                return test(self.t, self.placed(ast.BoolOp(ast.Or(), tests)))
            case ast.MatchAs(inner, name):
                after: Then = then if name is None else lambda names: then({**names, name: subject})
                return after(found) if inner is None else self.fits(inner, subject, found, after)
            case ast.MatchClass(kind, patterns, attributes, others):
                parts = [*patterns, *others]
                given = self.t.expression(copy.deepcopy(kind)), ast.Constant(len(patterns)), names(attributes)
                return hook("class_pattern", subject, *given, self.parts(parts, found, then))
            case ast.MatchSequence(patterns):
                stars = [k for k, p in enumerate(patterns) if isinstance(p, ast.MatchStar)]
                star = ast.Constant(stars[0] if stars else -1)
                inner_parts = [ast.MatchAs(None, p.name) if isinstance(p, ast.MatchStar) else p for p in patterns]
                body = self.parts(inner_parts, found, then)
                return hook("sequence_pattern", subject, ast.Constant(len(patterns)), star, body)
            case ast.MatchMapping(keys, patterns, rest):
                inner_parts = [*patterns, *([ast.MatchAs(None, rest)] if rest else [])]
                body = self.parts(inner_parts, found, then)
                looked_up = map(self.t.expression, copy.deepcopy(keys))
                return hook("mapping_pattern", subject, ast.Constant(rest is not None), body, *looked_up)
            case _:
                raise NotImplementedError(ast.dump(pattern))

    def both(self, condition: ast.expr, found: dict[str, ast.expr], then: Then) -> ast.expr:
        """A condition, and what remains."""
        rest = then(found)
        if isinstance(rest, ast.Constant) and rest.value is True:
            return self.t.expression(self.placed(condition))
        return test(self.t, self.placed(ast.BoolOp(ast.And(), [condition, Lowered(rest)])))

    def parts(self, patterns: list[ast.pattern], found: dict[str, ast.expr], then: Then) -> ast.expr:
        """A function of the parts of a subject: whether each pattern fits its own, one after the other."""
        parameters = [self.t.fresh("part") for _ in patterns]

        def after(k: int) -> Then:
            if k == len(patterns):
                return then
            return lambda names: self.fits(patterns[k], load(parameters[k]), names, after(k + 1))

        signature = ast.arguments(
            posonlyargs=[], args=[ast.arg(p) for p in parameters], kwonlyargs=[], kw_defaults=[], defaults=[]
        )
        return ast.Lambda(signature, after(0)(found))

    def placed(self, node: ast.expr) -> ast.expr:
        """A node that stands where the pattern does."""
        for part in ast.walk(node):
            if "lineno" in part._attributes and not hasattr(part, "lineno"):
                ast.copy_location(part, self.pattern)
        return node
