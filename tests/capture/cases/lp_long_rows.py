"""A recurrent network over many time steps, row by row, with the state of every step kept, and gradients."""

import torch
from torch import nn

EXPECT = "graph"


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(5, 3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, xs, gates):
        state = torch.zeros(3)
        norms = torch.zeros(len(xs))
        for t, (x, gate) in enumerate(zip(xs, gates)):
            new = torch.tanh(self.cell(torch.cat([x, state])))
            state = new if gate > 0 else 0.5 * state
            norms[t] = state.detach().norm()
            self.seen += gate
        return state, norms


def make():
    torch.manual_seed(3)
    model = Recurrent()
    generator = torch.Generator().manual_seed(4)
    return model, [
        (torch.randn(70, 2, generator=generator, requires_grad=True), torch.randn(70, generator=generator))
        for _ in range(3)
    ]


def state(program):
    return dict(program.named_buffers())
