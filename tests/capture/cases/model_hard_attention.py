"""Hard attention: only the patch with the highest score is encoded, a weak score falls back to the mean."""
import torch
from torch import nn

EXPECT = "graph"


class HardAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 1)
        self.encode = nn.Linear(4, 2)

    def forward(self, patches):
        scores = self.score(patches).squeeze(-1)
        best = scores.argmax()
        if scores[best] > 0.5:
            patch = patches[best] * torch.sigmoid(scores[best])
        elif scores[best] > 0.0:
            patch = patches.mean(0)
        else:
            return torch.zeros(2)
        return self.encode(patch)


def make():
    torch.manual_seed(0)
    model = HardAttention()
    nn.init.ones_(model.score.weight)
    nn.init.zeros_(model.score.bias)
    patches = torch.tensor([[0.1, 0.2, -0.3, 0.1], [-0.4, 0.2, 0.1, 0.1], [0.3, -0.5, 0.1, 0.1]])
    return model, [(patches,), (patches + 0.2,), (patches - 0.2,), (patches * 9.0,)]
