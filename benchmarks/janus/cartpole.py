"""The pole on a cart of Barto, Sutton and Anderson (1983): keep it upright by pushing the cart left or right."""

from __future__ import annotations

import math

import torch
from torch import Tensor

GRAVITY = 9.8
CART_MASS = 1.0
POLE_MASS = 0.1
HALF_LENGTH = 0.5
FORCE = 10.0
INTERVAL = 0.02
FARTHEST = 2.4
STEEPEST = math.radians(12)


class CartPole:
    """`state` is [position, velocity, angle, angular velocity], in metres, radians and seconds."""

    def __init__(self) -> None:
        self.state = torch.zeros(4)

    def reset(self) -> Tensor:
        self.state = torch.rand(4) * 0.1 - 0.05
        return self.state

    def step(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """Push to the right (1) or to the left (0): the new state, and whether the pole has fallen or the cart left."""
        position, velocity, angle, turning = self.state.unbind()
        force = torch.where(action == 1, FORCE, -FORCE)
        sine, cosine = torch.sin(angle), torch.cos(angle)
        mass = CART_MASS + POLE_MASS
        push = (force + POLE_MASS * HALF_LENGTH * turning**2 * sine) / mass
        turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - POLE_MASS * cosine**2 / mass))
        acceleration = push - POLE_MASS * HALF_LENGTH * turn * cosine / mass
        self.state = torch.stack(
            [
                position + INTERVAL * velocity,
                velocity + INTERVAL * acceleration,
                angle + INTERVAL * turning,
                turning + INTERVAL * turn,
            ]
        )
        fallen = (self.state[0].abs() > FARTHEST) | (self.state[2].abs() > STEEPEST)
        return self.state, fallen
