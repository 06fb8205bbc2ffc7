"""What a program logs and warns of comes from graphs as from the imperative program: same order, text and place."""

from __future__ import annotations

import logging
import warnings

import pytest
import torch

import diptych

LOG = logging.getLogger(__name__)
INPUTS = [torch.tensor(v) for v in ([1.0, 2.0], [-1.0, -2.0], [3.0, 0.5])]


class OwnWarning(UserWarning):
    """A category of the user."""


def helper(x, value):
    warnings.warn(f"value {value:.1f}", OwnWarning, stacklevel=2)
    return x + 1


def speaks(x):
    LOG.info("sum %.2f of %s", x.sum().item(), x)
    print("printed")
    if x.sum() > 0:
        LOG.warning("positive %d%%", 100)
        x = helper(x, x.sum().item())
    else:
        warnings.warn("negative", stacklevel=1)
    for k in range(2):
        LOG.log(logging.DEBUG, "round %d", k)
        logging.info("root %d", k)
    return x


def heard(run, x, caplog, capsys):
    """Everything that a call tells."""
    caplog.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = run(x)
        except ValueError as error:
            result = str(error)
    records = [
        (r.name, r.levelno, r.getMessage(), r.args and str(r.args), r.lineno, r.funcName) for r in caplog.records
    ]
    told = [(str(w.message), w.category, w.filename, w.lineno) for w in caught]
    return str(result), records, told, capsys.readouterr().out


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)


def test_records_and_warnings_are_those_of_the_imperative_program(caplog, capsys):
    hybrid = diptych.hybridize(speaks, speculate=False)
    for x in INPUTS:
        assert heard(hybrid, x, caplog, capsys) == heard(speaks, x, caplog, capsys)
    assert (hybrid.stats.graphs, hybrid.stats.graph_calls) == (1, 3)
    became = {line["text"]: line["became"] for line in hybrid.report().data["graphs"][0]["lines"]}
    assert became['warnings.warn("negative", stacklevel=1)'] == "effect"


def test_levels_are_those_of_the_run(caplog, capsys):
    hybrid = diptych.hybridize(speaks, speculate=False)
    hybrid(INPUTS[0])
    caplog.set_level(logging.WARNING)
    _, records, _, _ = heard(hybrid, INPUTS[0], caplog, capsys)
    assert [r[2] for r in records] == ["positive 100%"]
    assert hybrid.stats.graph_calls == 2


def test_a_question_about_the_level_is_guarded(caplog, capsys):
    def asks(x):
        log = logging.getLogger(__name__)
        if log.isEnabledFor(logging.INFO):
            log.info("seen %s", x.sum().item())
        return x * 2

    hybrid = diptych.hybridize(asks, speculate=False)
    for level in (logging.INFO, logging.ERROR, logging.INFO):
        caplog.set_level(level)
        assert heard(hybrid, INPUTS[0], caplog, capsys) == heard(asks, INPUTS[0], caplog, capsys)
    assert (hybrid.stats.graphs, hybrid.stats.graph_calls) == (2, 3)


def test_what_was_told_before_an_exception_is_told(caplog, capsys):
    def fails(x):
        LOG.info("before")
        if x.sum() > 0:
            raise ValueError("positive")
        LOG.info("after")
        return x

    hybrid = diptych.hybridize(fails, speculate=False)
    for x in INPUTS:
        assert heard(hybrid, x, caplog, capsys) == heard(fails, x, caplog, capsys)
    assert hybrid.stats.graph_calls == 3


def test_a_call_that_falls_back_tells_once(caplog, capsys):
    def divides(x):
        LOG.info("before")
        warnings.warn("before", stacklevel=1)
        print(1 // int(x.sum()))
        return x

    hybrid = diptych.hybridize(divides, speculate=False)
    assert heard(hybrid, INPUTS[0], caplog, capsys) == heard(divides, INPUTS[0], caplog, capsys)
    for run in (divides, hybrid):
        caplog.clear()
        with pytest.warns(UserWarning, match="before") as caught, pytest.raises(ZeroDivisionError):
            run(torch.zeros(2))
        assert len(caught) == 1
        assert [r.getMessage() for r in caplog.records] == ["before"]
    assert hybrid.stats.fallbacks == 1


def test_warnings_that_are_errors_are_raised_where_they_stand():
    seen = []

    def warns(x):
        seen.append(1)
        warnings.warn("stop", stacklevel=1)
        seen.append(2)
        return x

    hybrid = diptych.hybridize(warns, speculate=False)
    with pytest.warns(UserWarning, match="stop"):
        hybrid(INPUTS[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="stop"):
            hybrid(INPUTS[0])
    assert seen == [1, 2, 1]


def test_a_warning_is_shown_once_for_each_line():
    """The default filter of Python counts by line, also when graphs warn."""

    def warns(x):
        warnings.warn("again", stacklevel=1)
        return x * 2

    counts = []
    for run in (warns, diptych.hybridize(warns, speculate=False)):
        globals().pop("__warningregistry__", None)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            for _ in range(3):
                run(INPUTS[0])
        counts.append(len(caught))
    assert counts == [1, 1]


def test_saved_graphs_and_programs_tell_too(caplog, capsys, tmp_path):
    graph = diptych.capture(speaks, INPUTS[0])
    graph.save(tmp_path / "speaks.diptych")
    namespace = {}
    exec(graph.to_python(), namespace)
    expected = heard(speaks, INPUTS[0], caplog, capsys)
    for run in (graph, diptych.load(tmp_path / "speaks.diptych"), namespace["program"]):
        assert heard(run, INPUTS[0], caplog, capsys) == expected


def test_records_that_hold_more_than_text_are_refused():
    def raises(x):
        LOG.error("failed", exc_info=True, extra={"x": 1})
        return x

    hybrid = diptych.hybridize(raises, speculate=False)
    assert hybrid(INPUTS[0]) is INPUTS[0]
    assert any("exc_info" in refusal for refusal in hybrid.stats.refusals)
