"""A hybridized module inside DistributedDataParallel: two processes with gloo train to the same parameters."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import diptych

PROCESSES = 2


class Net(nn.Module):
    """A network whose depth depends on what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again, self.last = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.first(x))
        h = torch.tanh(self.again(h))
        rounds = 0
        while h.norm() > 0.5 and rounds < 3:
            h = 0.5 * torch.tanh(self.again(h))
            rounds += 1
        return self.last(h)


def train(rank: int, address: str, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=address, rank=rank, world_size=PROCESSES)
    for name in ("imperative", "hybrid"):
        torch.manual_seed(0)
        net = Net()
        inner: Any = diptych.hybridize(net, backend="eager") if name == "hybrid" else net
        model = DistributedDataParallel(inner)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        torch.manual_seed(10 + rank)  # each process has data of its own
        for _ in range(4):
            optimizer.zero_grad()
            model(torch.randn(6, 4)).square().mean().backward()
            optimizer.step()
        if name == "hybrid":
            assert inner.stats.graph_calls == 3
            assert inner.stats.imperative_calls == inner.stats.observed_calls == 1
        torch.save(net.state_dict(), Path(folder) / f"{name}-{rank}.pt")
    dist.barrier()
    # Not by returning: the reducer would be freed while the interpreter's lock is held, and joins gloo's thread, which
    # may be waiting for that lock.
    os._exit(0)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_parameters_are_those_of_the_imperative_module(tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    multiprocessing.spawn(train, (address, str(tmp_path)), nprocs=PROCESSES)
    saved = [torch.load(tmp_path / f"{name}-{rank}.pt") for name in ("imperative", "hybrid") for rank in (0, 1)]
    for other in saved[1:]:
        assert all(torch.equal(value, other[key]) for key, value in saved[0].items())
