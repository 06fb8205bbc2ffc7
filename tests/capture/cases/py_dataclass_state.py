"""A frozen dataclass of tensors replaced each round; properties and operators."""
from dataclasses import dataclass, replace
import torch
EXPECT = "graph"

@dataclass(frozen=True)
class State:
    pos: torch.Tensor
    vel: torch.Tensor
    t: float = 0.0

    @property
    def energy(self):
        return 0.5 * (self.vel ** 2).sum() + 9.8 * self.pos[1]

    def __add__(self, dt):
        acc = torch.tensor([0.0, -9.8])
        return replace(self, pos=self.pos + dt * self.vel, vel=self.vel + dt * acc, t=self.t + dt)

def fall(state, dt=0.1):
    e0 = state.energy
    bounces = 0
    while state.t < 1.0:
        state = state + dt
        if state.pos[1] < 0:
            flipped = state.vel * torch.tensor([1.0, -0.8])
            state = replace(state, pos=state.pos.abs(), vel=flipped)
            bounces += 1
    return state, bounces, state.energy - e0

def make():
    T = torch.tensor
    return fall, [(State(T([0.0, h]), T([1.0, v])),) for h, v in ((1.0, 0.0), (100.0, 0.0), (0.1, -3.0))]
