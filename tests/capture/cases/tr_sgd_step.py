"""The plain training step: zero_grad, backward, clip, SGD with momentum."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 2

def make():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    loss_fn = nn.CrossEntropyLoss()

    def train_step(x, y):
        model.train()
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        return loss.item(), norm

    return train_step, [(torch.randn(4, 3), torch.tensor([0, 1, 1, 0])) for _ in range(4)]
