"""Which way is chosen, for given times: nothing here looks at a clock."""

from __future__ import annotations

import itertools

import pytest
import torch

from diptych.hybrid.timing import watch_backward
from diptych.hybrid.trial import DRIFT, REVIEW, TRIALS, WATCHED, Sample, Trial


def spend(trial, calls, cost, backward=None):
    """So many calls, of which each way takes what `cost` says; how often each way was taken."""
    taken = dict.fromkeys(cost, 0)
    for _ in range(calls):
        way, timed = trial.turn()
        taken[way] += 1
        if timed:
            sample = trial.note(way, cost[way])
            if backward is not None:
                sample.backward = backward[way]
    return taken


def test_the_faster_way_is_chosen_after_interleaved_turns() -> None:
    trial = Trial(["imperative", "plain"])
    order = []
    for _ in range(2 * TRIALS):
        way, timed = trial.turn()
        assert timed
        order.append(way)
        trial.note(way, {"imperative": 5.0, "plain": 4.0}[way])
    assert order == ["imperative", "plain"] * TRIALS
    assert trial.turn() == ("plain", False)
    assert trial.costs() == {"imperative": 5.0, "plain": 4.0}


@pytest.mark.parametrize("plain", [5.0, 4.9, 9.0])
def test_in_doubt_the_first_way_is_kept(plain) -> None:
    trial = Trial(["imperative", "plain"])
    spend(trial, 100, {"imperative": 5.0, "plain": plain})
    assert trial.chosen == "imperative"


def test_single_slow_calls_decide_nothing() -> None:
    trial = Trial(["imperative", "plain"])
    late = itertools.cycle([1.0, 50.0, 1.0, 1.0, 50.0])
    while not trial.chosen:
        way, _ = trial.turn()
        trial.note(way, 3.0 if way == "imperative" else next(late))
    assert trial.chosen == "plain"


def test_a_way_that_arrives_is_measured_against_the_best_only() -> None:
    trial = Trial(["imperative", "plain"])
    spend(trial, 20, {"imperative": 5.0, "plain": 9.0})
    trial.add("native")
    taken = spend(trial, 100, {"imperative": 5.0, "plain": 9.0, "native": 1.0})
    assert taken == {"imperative": TRIALS, "plain": 0, "native": 100 - TRIALS}
    trial.add("native")  # made anew
    assert spend(trial, 100, {"imperative": 5.0, "plain": 9.0, "native": 8.0})["imperative"] > 80


def test_a_way_that_arrives_slower_is_rejected() -> None:
    trial = Trial(["imperative", "plain"])
    spend(trial, 20, {"imperative": 5.0, "plain": 4.0})
    trial.add("native")
    spend(trial, 100, {"imperative": 5.0, "plain": 4.0, "native": 4.5})
    assert trial.chosen == "plain"


def test_a_way_that_is_gone_is_not_taken() -> None:
    trial = Trial(["imperative", "plain"])
    trial.add("native")
    spend(trial, 30, {"imperative": 5.0, "plain": 4.0, "native": 1.0})
    assert trial.chosen == "native"
    trial.remove("native")
    spend(trial, 30, {"imperative": 5.0, "plain": 4.0})
    assert trial.chosen == "plain"


def test_the_backward_pass_counts() -> None:
    trial = Trial(["plain", "native"])
    spend(trial, 50, {"plain": 3.0, "native": 1.0}, backward={"plain": 3.0, "native": 9.0})
    assert trial.chosen == "plain"


def test_the_backward_pass_counts_as_often_as_there_is_one() -> None:
    trial = Trial(["plain", "native"])
    for number in itertools.count():
        way, timed = trial.turn()
        if not timed:
            break
        sample = trial.note(way, {"plain": 3.0, "native": 1.0}[way])
        if number // 2 == 2:  # of five calls of each way, one
            sample.backward = {"plain": 3.0, "native": 9.0}[way]
    assert trial.costs() == {"plain": pytest.approx(3.6), "native": pytest.approx(2.8)}
    assert trial.chosen == "native"


def test_a_way_that_never_finishes_is_not_chosen() -> None:
    trial = Trial(["imperative", "plain"])
    for _ in range(100):
        way, timed = trial.turn()
        if timed and way == "imperative":
            trial.note(way, 5.0)
    assert trial.chosen == "imperative"


def test_a_way_that_becomes_slow_is_dropped() -> None:
    trial = Trial(["plain", "native"])
    spend(trial, 100, {"plain": 3.0, "native": 1.0})
    assert trial.chosen == "native"
    spend(trial, WATCHED * (TRIALS + 1) + 2 * TRIALS, {"plain": 3.0, "native": 1.0 * DRIFT * 3})
    assert trial.chosen == "plain"


def test_what_became_faster_is_found_by_a_review() -> None:
    trial = Trial(["plain", "native"])
    spend(trial, 100, {"plain": 3.0, "native": 4.0})
    assert trial.chosen == "plain"
    spend(trial, 3 * REVIEW, {"plain": 3.0, "native": 1.0})
    assert trial.chosen == "native"


def test_reviews_cost_little() -> None:
    trial = Trial(["imperative", "native"])
    costs = {"imperative": 100.0, "native": 1.0}
    spend(trial, 2 * TRIALS, costs)
    taken = spend(trial, 200_000, costs)
    assert taken["imperative"] >= TRIALS
    assert taken["imperative"] * 100.0 < 0.02 * 200_000


def test_calls_are_counted_without_a_turn_until_there_is_something_to_ask() -> None:
    trial = Trial(["imperative", "native"])
    ask = trial.asks("native")
    assert ask()
    spend(trial, 2 * TRIALS + 1, {"imperative": 5.0, "native": 1.0})
    answers = []
    for _ in range(2 * REVIEW):
        answers.append(ask())
        if answers[-1]:
            spend(trial, 1, {"imperative": 5.0, "native": 1.0})
    assert answers.count(True) == 2 * REVIEW // WATCHED
    trial.remove("native")
    assert ask()


class Clock:
    """Time goes on by one second whenever somebody looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_a_backward_pass_is_timed_once() -> None:
    w, sample = torch.ones(3, requires_grad=True), Sample(1.0)
    result = {"loss": (w * w).sum(), "none": 3}
    watch_backward(result, [w], sample, Clock())
    assert sample.backward is None
    result["loss"].backward(retain_graph=True)
    assert sample.backward == 1.0
    result["loss"].backward()
    assert sample.backward == 1.0
    assert w.grad.tolist() == [4.0] * 3


def test_what_came_before_the_call_is_not_part_of_its_backward_pass() -> None:
    clock, sample = Clock(), Sample(1.0)
    w, v = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    x = w.exp()
    x.register_hook(lambda gradient: None)
    w.register_hook(lambda gradient: setattr(clock, "now", 100.0))  # that step takes long
    result = (x * v).sum()
    watch_backward(result, [x, v], sample, clock)
    result.backward()
    assert sample.backward == 1.0
    assert clock.now == 100.0


def test_a_result_without_history_is_not_watched() -> None:
    x, sample = torch.ones(3, requires_grad=True).exp(), Sample(1.0)
    watch_backward((x, 1), [x], sample, Clock())
    x.sum().backward()
    assert sample.backward is None
