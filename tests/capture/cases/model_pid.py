"""A PID controller with memory on the object: anti-windup and a clamp decided by tensors."""
import torch

EXPECT = "graph"


class PID:
    def __init__(self):
        self.integral = torch.zeros(())
        self.previous = torch.zeros(())
        self.saturated = False

    def __call__(self, error):
        derivative = error - self.previous
        output = 0.8 * error + 0.2 * (self.integral + error) + 0.1 * derivative
        if output.abs() > 1.0:
            output = output.sign()
            self.saturated = True
        else:
            self.integral = self.integral + error
            self.saturated = False
        self.previous = error
        return output


def make():
    return PID(), [(torch.tensor(e),) for e in (0.5, 3.0, 0.25, -0.5, -4.0)]


def state(program):
    return {"integral": program.integral, "previous": program.previous, "saturated": program.saturated}
