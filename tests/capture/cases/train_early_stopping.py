"""Early stopping with patience: the best weights are kept in a dict and put back at the end."""
import torch
from torch import nn

EXPECT = "any"


def train(x, y, rate):
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate.item())
    best, patience, best_state = float("inf"), 0, None
    for epoch in range(8):
        loss = ((model(x) - y) ** 2).mean()
        if loss.item() < best - 1e-3:
            best, patience = loss.item(), 0
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            patience += 1
            if patience == 2:
                break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if best_state is not None:
        model.load_state_dict(best_state)
    return best, epoch, model.weight.detach()


def make():
    x, y = torch.tensor([[1.0, 0.0], [0.5, 1.0]]), torch.tensor([[1.0], [-1.0]])
    return train, [
        (x, y, torch.tensor(0.1)),
        (x, y, torch.tensor(2.0)),
        (x, y, torch.tensor(0.6)),
        (x * float("nan"), y, torch.tensor(0.6)),
    ]
