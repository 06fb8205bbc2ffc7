"""A mixture of experts: the top two experts of each token are chosen by a gate, looked up by tensor index."""
import torch
from torch import nn

EXPECT = "graph"


class MixtureOfExperts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 3)
        self.experts = nn.ModuleList([nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh()), nn.Identity()])

    def forward(self, tokens):
        outputs = []
        for token in tokens:
            weights, chosen = self.gate(token).softmax(-1).topk(2)
            y = torch.zeros_like(token)
            for weight, index in zip(weights, chosen):
                y = y + weight * self.experts[index](token)
            outputs.append(y)
        return torch.stack(outputs)


def make():
    torch.manual_seed(0)
    model = MixtureOfExperts()
    return model, [(torch.randn(3, 4) * 2.0,) for _ in range(4)]
