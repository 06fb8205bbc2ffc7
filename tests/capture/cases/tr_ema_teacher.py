"""EMA teacher update with a warm-up decay; swaps the teacher when it drifts."""
import copy
import torch
from torch import nn
EXPECT = "graph"

class MeanTeacher:
    def __init__(self, student, decay=0.9):
        self.student = student
        self.teacher = copy.deepcopy(student).requires_grad_(False)
        self.opt = torch.optim.SGD(student.parameters(), lr=0.1)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()
    def update_teacher(self):
        self.steps += 1
        d = min(self.decay, self.steps / (self.steps + 10))
        for t, s in zip(self.teacher.parameters(), self.student.parameters()):
            t.mul_(d).add_(s, alpha=1 - d)

    def step(self, x):
        target = self.teacher(x)
        loss = nn.functional.mse_loss(self.student(x + 0.1 * torch.randn_like(x)), target)
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        if loss > 0.0015:
            self.teacher.load_state_dict(self.student.state_dict())
        else:
            self.update_teacher()
        return loss.detach()

def make():
    torch.manual_seed(0)
    m = MeanTeacher(nn.Linear(2, 2))
    return m.step, [(torch.randn(4, 2) * s,) for s in (1.0, 0.1, 40.0, 0.01)]

def state(program):
    o = program.__self__
    return [o.student.state_dict(), o.teacher.state_dict(), o.steps]
