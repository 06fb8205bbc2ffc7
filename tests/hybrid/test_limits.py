"""Programs that need more graphs than are kept, and what looking for a graph in vain costs."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.hybrid import limits
from diptych.hybrid.entry import Entry
from diptych.hybrid.limits import GRAPH_LIMIT, MISS_LIMIT, PAUSE, Patience

X = torch.tensor([1.0, -2.0, 3.0])


def spelled(x, word):
    """A string is part of what a graph is about: another word, another graph."""
    return x * len(word) + word.count("a")


def crowded():
    """A program with as many graphs as are kept, and the words that they fit."""
    program = diptych.hybridize(spelled, speculate=False)
    words = [chr(97 + number) for number in range(GRAPH_LIMIT)]
    for word in words:
        assert torch.equal(program(X, word), spelled(X, word))
    assert program.stats.graphs == program.stats.graph_calls == GRAPH_LIMIT
    return program, words


def test_more_graphs_than_are_kept():
    program, words = crowded()
    assert program.stats.refusals == []
    for number in range(5):
        assert torch.equal(program(X, "new" * number), spelled(X, "new" * number))
    (refusal,) = program.stats.refusals
    assert "[too-many-graphs]" in refusal
    assert f"{GRAPH_LIMIT} graphs" in refusal
    assert "word ==" in refusal
    assert (program.stats.graphs, program.stats.imperative_calls) == (GRAPH_LIMIT, 5)
    for word in words:
        assert torch.equal(program(X, word), spelled(X, word))
    assert program.stats.graph_calls == 2 * GRAPH_LIMIT


def test_graphs_are_tried_less_and_less(monkeypatch):
    program, words = crowded()
    looks = []
    quick = Entry.quick
    monkeypatch.setattr(Entry, "quick", lambda entry, roots: (looks.append(entry), quick(entry, roots))[1])
    tried = []
    for number in range(1000):
        looks.clear()
        program(X, "new" + str(number))
        tried.append(bool(looks))
    assert tried[:MISS_LIMIT] == [True] * MISS_LIMIT
    probes = [number for number in range(MISS_LIMIT, 1000) if tried[number]]
    expected, number = [], MISS_LIMIT - 1
    for doubling in range(5):
        number += (PAUSE << doubling) + 1
        expected += [number] if number < 1000 else []
    assert probes == expected
    assert "none is tried in the next" in str(program.report())
    assert program.report().data["waiting"] > 0
    while program.report().data["waiting"]:
        program(X, "new")
    served = program.stats.graph_calls
    for word in words:
        assert torch.equal(program(X, word), spelled(X, word))
    assert program.stats.graph_calls == served + GRAPH_LIMIT


def test_guards_are_not_asked_in_vain(monkeypatch):
    """With all graphs made, only those are looked at closer whose function is old."""
    program, _ = crowded()
    walks = []
    fit = Entry.fit
    monkeypatch.setattr(Entry, "fit", lambda entry, roots: (walks.append(entry), fit(entry, roots))[1])
    program(X, "new")
    assert walks == []


def test_an_old_function_is_made_again_though_all_graphs_are_made():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 3)
            self.note = 0

        def forward(self, x, word):
            return self.layer(x) * len(word)

    net = Net()
    program = diptych.hybridize(net, speculate=False)
    words = ["a" * number for number in range(1, GRAPH_LIMIT + 1)]
    for word in words:
        program(X, word)
    for number, word in enumerate(words):
        net.note = number + 1
        assert torch.equal(program(X, word), net(X, word))
    assert program.stats.graph_calls == 2 * GRAPH_LIMIT
    assert program.stats.imperative_calls == 0


def test_the_graph_used_last_is_tried_first():
    program, words = crowded()
    program(X, words[3])
    assert program._hybrid.entries[0].calls == 2
    assert program.graphs[3] is program._hybrid.entries[0].program.graph


def test_a_refused_program_is_soon_only_called():
    def program(x):
        return torch.from_numpy(x.numpy() * 2)

    hybrid = diptych.hybridize(program, speculate=False)
    for _ in range(20):
        assert torch.equal(hybrid(X), program(X))
    assert hybrid.stats.imperative_calls == 20
    assert hybrid._hybrid.given_up == limits.REFUSAL_LIMIT
    assert len(hybrid.stats.refusals) == 1


def misses(patience, count):
    """Calls in a row that find no graph; how many of them looked for one."""
    looked = 0
    for _ in range(count):
        if patience.waiting:
            patience.waiting -= 1
        else:
            looked += 1
            patience.miss()
    return looked


def test_looks_grow_with_the_logarithm_of_the_calls():
    patience = Patience()
    assert misses(patience, 10**5) == pytest.approx(MISS_LIMIT + 11, abs=1)


def test_hits_and_misses_in_turns_are_looked_at():
    patience = Patience()
    for _ in range(1000):
        patience.miss()
        patience.hit()
        assert not patience.waiting


def test_hits_shorten_the_next_pause():
    patience = Patience()
    misses(patience, 500)
    assert patience.pause > 2 * PAUSE
    while patience.misses:
        patience.hit()
    assert patience.pause == PAUSE
