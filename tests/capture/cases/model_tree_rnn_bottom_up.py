"""A tree given as index tensors in topological order: node states are written into a table, one a round."""
import torch
from torch import nn

EXPECT = "graph"


class BottomUp(nn.Module):
    def __init__(self):
        super().__init__()
        self.leaf = nn.Linear(2, 3)
        self.inner = nn.Linear(6, 3)

    def forward(self, features, left, right):
        states = []
        for i in range(features.shape[0]):
            if left[i] < 0:
                states.append(self.leaf(features[i]))
            else:
                table = torch.stack(states)
                states.append(torch.tanh(self.inner(torch.cat([table[left[i]], table[right[i]]]))))
        return states[-1]


def make():
    torch.manual_seed(0)
    model = BottomUp()
    features = torch.linspace(-1.0, 1.0, 10).reshape(5, 2)
    return model, [
        (features, torch.tensor([-1, -1, 0, -1, 2]), torch.tensor([-1, -1, 1, -1, 3])),
        (features, torch.tensor([-1, -1, -1, 1, 0]), torch.tensor([-1, -1, -1, 2, 3])),
        (features, torch.tensor([-1, -1, -1, -1, -1]), torch.tensor([-1, -1, -1, -1, -1])),
    ]
