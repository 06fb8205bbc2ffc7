"""Distillation: the teacher's soft labels are used only where the teacher is right."""
import torch
from torch import nn
import torch.nn.functional as F

EXPECT = "graph"


class Distill(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(3, 2)
        self.teacher = nn.Linear(3, 2)

    def forward(self, x, labels):
        student = self.student(x)
        with torch.no_grad():
            teacher = self.teacher(x)
        total = F.cross_entropy(student, labels)
        for s, t, label in zip(student, teacher, labels):
            if t.argmax() == label:
                total = total + F.kl_div(s.log_softmax(-1), t.softmax(-1), reduction="sum")
        return total


def make():
    torch.manual_seed(0)
    model = Distill()
    x = torch.tensor([[1.0, -1.0, 0.5], [0.0, 2.0, -1.0]])
    return model, [(x, torch.tensor(labels)) for labels in ([0, 0], [1, 1], [0, 1], [1, 0])]
