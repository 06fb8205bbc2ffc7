"""`match`: a chain of `if`; patterns of values are comparisons, other patterns are left to Python's own `match`."""

from __future__ import annotations

import ast

from diptych.capture.syntax.branches import Lowered
from diptych.capture.syntax.build import FRAME, hook, load, names, place, store
from diptych.capture.syntax.transform import Transformer, lowers


@lowers(ast.Match)
def lower_match(t: Transformer, node: ast.Match) -> list[ast.stmt]:
    """`match subject: ...`  ->  `match_(subject, cases, ...)`, where `cases` is a function of the subject."""
    subject = t.fresh("subject")
    value = t.expression(node.subject)
    if t.generator:
        t.locals = (*t.locals, subject)
        return [ast.Assign([store(subject)], value), *cases(t, node, subject)]
    name, made = t.helper("match", cases(t, node, subject), (subject,))
    live = names(sorted(t.liveness.live_after(node) | (t.liveness.captured & set(t.locals))))
    classes = ast.Constant(any(isinstance(part, ast.MatchClass) for case in node.cases for part in ast.walk(case)))
    call = hook("match_", value, load(name), classes, load(FRAME), live)
    return [*place([made], node), ast.Expr(call)]


def cases(t: Transformer, node: ast.Match, subject: str) -> list[ast.stmt]:
    """The cases as a chain of `if` over a variable that holds the subject."""
    made: list[ast.stmt] = []
    chain: list[ast.stmt] = []
    for case in reversed(node.cases):
        condition = compared(case.pattern, subject)
        if condition is None:
            hit = ast.match_case(case.pattern, None, [ast.Return(ast.Constant(True))])
            body: list[ast.stmt] = [ast.Match(load(subject), [hit]), ast.Return(ast.Constant(False))]
            helper, define = t.helper("pattern", body)
            made += place([define], case.pattern)
            condition = Lowered(hook("matches", load(helper)))
        tested: ast.expr = ast.BoolOp(ast.And(), [condition, case.guard]) if case.guard else condition
        chain = [ast.If(tested, case.body, chain)]
        t.liveness.alias(chain[0], node)
        for part in ast.walk(tested):
            if "lineno" in part._attributes and not hasattr(part, "lineno"):
                ast.copy_location(part, case.pattern)
        ast.copy_location(chain[0], case.pattern)
    return [*made, *t.block(chain)]


def compared(pattern: ast.pattern, subject: str) -> ast.expr | None:
    """A pattern that only compares, as a comparison."""
    match pattern:
        case ast.MatchValue(value):
            return ast.Compare(load(subject), [ast.Eq()], [value])
        case ast.MatchSingleton(value):
            return ast.Compare(load(subject), [ast.Is()], [ast.Constant(value)])
        case ast.MatchOr(patterns):
            tests = [compared(p, subject) for p in patterns]
            return None if None in tests else ast.BoolOp(ast.Or(), [test for test in tests if test is not None])
        case ast.MatchAs(None, None):
            return ast.Constant(True)
        case _:
            return None
