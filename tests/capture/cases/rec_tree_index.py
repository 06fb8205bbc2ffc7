"""A tree stored in index tensors (left child, right child, -1 for a leaf), encoded by recursion over node numbers."""
import torch
from torch import nn

EXPECT = "graph"


class TreeRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.compose = nn.Linear(6, 3)

    def encode(self, node, word, left, right):
        if left[node] < 0:
            return self.embed(word[node])
        a = self.encode(left[node], word, left, right)
        b = self.encode(right[node], word, left, right)
        return torch.tanh(self.compose(torch.cat([a, b])))

    def forward(self, word, left, right):
        return self.encode(torch.tensor(0), word, left, right)


def make():
    torch.manual_seed(0)
    model = TreeRNN()
    word = torch.tensor([0, 1, 2, 3, 4])
    return model, [
        (word, torch.tensor([-1, -1, -1, -1, -1]), torch.tensor([-1, -1, -1, -1, -1])),
        (word, torch.tensor([1, -1, -1, -1, -1]), torch.tensor([2, -1, -1, -1, -1])),
        (word, torch.tensor([1, -1, 3, -1, -1]), torch.tensor([2, -1, 4, -1, -1])),
        (word, torch.tensor([1, 3, -1, -1, -1]), torch.tensor([2, 4, -1, -1, -1])),
    ]
