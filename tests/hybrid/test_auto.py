"""`backend="auto"`: whatever runs a call, the answers, the state and the random stream are those of the program."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
import torch
from torch import nn

import diptych
from diptych.hybrid.rest import LOOKS, PAUSE
from diptych.hybrid.tiers import KINDS, Tiers, compiler_for
from diptych.hybrid.trial import TRIALS
from diptych.hybrid.worker import Worker


@pytest.fixture
def tasks(monkeypatch):
    """What would be done in the background: done when a test says so."""
    found = []
    monkeypatch.setattr(Tiers.__init__, "__defaults__", (found.append,))
    return found


def timed(program, costs, **options):
    """A hybridized program on a clock that only shows what each way costs; the ways of its calls are noted."""
    hybrid = diptych.hybridize(program, backend="auto", **options)
    life, now, ways = hybrid._hybrid, [0.0], []
    imperative, serve = life.imperative, life.serve

    def pass_by(way):
        now[0] += costs[way]
        ways.append(way)

    def run_imperatively(*call):
        result = imperative(*call)
        pass_by("imperative")
        return result

    def run_graph(entry, flat, roots, run=None):
        result = serve(entry, flat, roots, run)
        pass_by("plain" if run is None else "native")
        return result

    life.imperative, life.serve, life.clock = run_imperatively, run_graph, lambda: now[0]
    return hybrid, ways


def tier(hybrid):
    return hybrid.report().data["graphs"][0]["tier"]


class Counter(nn.Module):
    """State, random draws, a loop that a tensor ends, and a history."""

    def __init__(self):
        super().__init__()
        self.layer, self.drop, self.calls, self.seen = nn.Linear(3, 3), nn.Dropout(0.5), 0, []
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        self.calls += 1
        while x.norm() < 2:
            x = x * 1.5
        y = self.drop(torch.tanh(self.layer(x)))
        self.mean.mul_(0.9).add_(0.1 * y.detach().mean(0))
        self.seen.append(y.shape[0])
        return y.sum()


def test_answers_state_and_random_stream_are_those_of_the_program(tasks) -> None:
    torch.manual_seed(0)
    one = Counter()
    torch.manual_seed(0)
    other = Counter()
    hybrid, ways = timed(other, {"imperative": 5.0, "plain": 4.0, "native": 1.0})
    for number in range(40):
        if number == 20:
            tasks.pop(0)()
        x = torch.randn(2, 3, generator=torch.Generator().manual_seed(number))
        results, draws = [], []
        for run, net in ((one, one), (hybrid, other)):
            torch.manual_seed(number)
            net.zero_grad()
            results.append(run(x))
            results[-1].backward()
            draws.append(torch.rand(1).item())
        torch.testing.assert_close(*results)
        assert draws[0] == draws[1]
        torch.testing.assert_close(one.layer.weight.grad, other.layer.weight.grad)
        torch.testing.assert_close(one.mean, other.mean)
        assert (one.calls, one.seen) == (other.calls, other.seen)
    assert ways[-1] == "native"
    assert {"imperative", "plain", "native"} == set(ways)
    assert tier(hybrid) == "native"
    assert "native 1e+06 us" in str(hybrid.report())


def test_an_imperative_program_that_is_faster_runs_without_a_look_at_graphs(tasks) -> None:
    hybrid, ways = timed(lambda x: x * 2 + 1, {"imperative": 1.0, "plain": 4.0, "native": 3.0}, speculate=False)
    x = torch.ones(3)
    for _ in range(2 + 2 * TRIALS):
        hybrid(x)
    tasks.pop(0)()
    for _ in range(2 * TRIALS + LOOKS + PAUSE):
        assert torch.equal(hybrid(x), torch.full((3,), 3.0))
    assert tier(hybrid) == "imperative"
    assert ways[-LOOKS - PAUSE :] == ["imperative"] * (LOOKS + PAUSE)
    entry = hybrid._hybrid.entries[0]
    entry.quick = entry.fit = None  # nobody asks them
    hybrid._hybrid.rest.waiting = 3
    for _ in range(3):
        hybrid(x)


def test_calls_by_a_graph_end_a_rest(tasks) -> None:
    def program(x):
        return x * 2 + 1

    hybrid, ways = timed(program, {"imperative": 1.0, "plain": 4.0, "native": 3.0}, speculate=False)
    for _ in range(2 + 2 * TRIALS):
        hybrid(torch.ones(3))
    tasks.pop(0)()
    for _ in range(2 * TRIALS + LOOKS):
        hybrid(torch.ones(3))
    assert hybrid._hybrid.rest.waiting == PAUSE
    for _ in range(PAUSE):
        hybrid(torch.ones(3, 4))
    ways.clear()
    assert torch.equal(hybrid(torch.ones(3, 4)), torch.full((3, 4), 3.0))
    assert hybrid.stats.graphs == 2
    assert hybrid._hybrid.rest.looks == 0


def test_types_of_inputs_are_measured_each(tasks) -> None:
    hybrid, _ = timed(lambda x: x * 2 + 1, {"imperative": 5.0, "plain": 1.0, "native": 3.0}, speculate=False)
    for size in range(2, 12):
        for _ in range(4):
            hybrid(torch.ones(size))
    for size in range(2, 12):
        assert torch.equal(hybrid(torch.ones(size)), torch.full((size,), 3.0))
    open_sizes = hybrid._hybrid.entries[0]
    assert not open_sizes.tiers.fixed
    assert len(open_sizes.tiers.choices) == KINDS + 1  # one for all the others
    assert open_sizes.tiers.choices[None].trial.chosen == "plain"


def test_code_for_some_gradients_is_made_in_the_background(tasks) -> None:
    def program(x, w, v):
        return (x * w).sum(), (x * v).tanh().sum()

    hybrid, ways = timed(program, {"imperative": 5.0, "plain": 4.0, "native": 1.0}, speculate=False)
    x, w, v = torch.randn(3), torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    made = 0
    for number in range(60):
        if number in (20, 40):
            made += len(tasks)
            while tasks:
                tasks.pop(0)()
        first, _ = hybrid(x, w, v)
        (gradient,) = torch.autograd.grad(first, w)
        torch.testing.assert_close(gradient, x)
        if number == 35:
            assert ways[-1] != "native"  # what its backward pass takes now is not what it will take
    assert made == 2
    assert ways[-1] == "native"


def test_a_failing_backend_is_told_and_the_program_goes_on(tasks, monkeypatch) -> None:
    def broken(*_):
        raise KeyError("of the compiler")

    monkeypatch.setattr("diptych.hybrid.compiled.compile_native", broken)
    hybrid, ways = timed(lambda x: x * 2 + 1, {"imperative": 5.0, "plain": 4.0}, speculate=False)
    for number in range(30):
        if number == 5:
            tasks.pop(0)()
        assert torch.equal(hybrid(torch.ones(3)), torch.full((3,), 3.0))
    assert ways[-1] == "plain"
    assert "KeyError: 'of the compiler'" in str(hybrid.report())


def test_exceptions_of_the_program_pass(tasks) -> None:
    def program(x):
        if x.sum() > 0:
            raise ValueError(f"sum is {float(x.sum())}")
        return x + 1

    hybrid, _ = timed(program, {"imperative": 5.0, "plain": 4.0, "native": 1.0}, speculate=False)
    for number in range(40):
        if number == 20:
            tasks.pop(0)()
        with pytest.raises(ValueError, match=r"sum is 2\.0"):
            hybrid(torch.ones(2))
        assert torch.equal(hybrid(-torch.ones(2)), torch.zeros(2))


def test_programs_captured_while_others_are_compiled() -> None:
    def program(scale):
        def run(x, w):
            for _ in range(5):
                x = torch.tanh(x @ w) * scale if x.sum() < 100 else x - scale
            return x.sum()

        return run

    wrong = []

    def calls(first):
        for scale in range(first, first + 3):
            imperative, w = program(scale), torch.eye(3, requires_grad=True)
            hybrid = diptych.hybridize(imperative, speculate=False, backend="auto")
            for k in range(25):
                x = torch.full((2, 3), k / 10)
                (have,) = torch.autograd.grad(hybrid(x, w), w)
                (want,) = torch.autograd.grad(imperative(x, w), w)
                if not torch.allclose(have, want, rtol=1e-4, atol=1e-5):
                    wrong.append((scale, k))
            assert hybrid.stats.graphs == 1

    threads = [threading.Thread(target=calls, args=(first,)) for first in (1, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


END = """
import torch, diptych
program = diptych.hybridize(lambda x: [x := torch.tanh(x * k) for k in range(150)][-1].sum())
assert program.backend == "auto"
x = torch.ones(8, requires_grad=True)
for _ in range(ROUNDS):
    program(x).backward()
print("through")
"""


@pytest.mark.parametrize("rounds", [3, 40])
def test_a_process_ends_while_code_is_made(rounds, tmp_path) -> None:
    file = tmp_path / "program.py"
    file.write_text(END.replace("ROUNDS", str(rounds)))
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "through\n", "")


def test_work_in_the_background_is_done_in_order_and_stopped_at_the_end() -> None:
    worker, done, begun = Worker(), [], threading.Event()
    for number in range(3):
        worker.submit(lambda number=number: done.append(number))
    finished = threading.Event()
    worker.submit(finished.set)
    assert finished.wait(30)
    assert done == [0, 1, 2]

    def endless():
        begun.set()
        while True:
            time.sleep(0.001)
            worker.stop()  # as tasks do between their steps

    worker.submit(endless)
    worker.submit(lambda: done.append(3))
    assert begun.wait(30)
    thread = worker.thread
    worker.end()
    assert not thread.is_alive()
    assert 3 not in done


def test_what_compiles_follows_from_the_device() -> None:
    assert compiler_for({"cpu"}, "auto") == "native"
    assert compiler_for({"cuda"}, "auto") == compiler_for({"cpu", "cuda"}, "auto") == "inductor"
    assert compiler_for({"cpu"}, "inductor") == "inductor"
    assert compiler_for({"cpu"}, "onnxruntime") == "onnxruntime"
