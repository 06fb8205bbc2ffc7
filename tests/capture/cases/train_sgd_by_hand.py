"""Training by hand: functional gradient steps on the parameters' copies until the loss is small."""
import torch

EXPECT = "any"


def fit(x, y):
    w = torch.zeros(2, requires_grad=True)
    losses = []
    while True:
        loss = ((x @ w - y) ** 2).mean()
        losses.append(loss.item())
        if loss < 0.05 or len(losses) == 8:
            break
        loss.backward()
        with torch.no_grad():
            w -= 0.3 * w.grad
            w.grad.zero_()
    return w.detach(), losses


def make():
    x = torch.tensor([[1.0, 0.0], [0.5, 1.0]])
    return fit, [(x, x @ torch.tensor(w)) for w in ([0.1, 0.1], [0.6, -0.5], [9.0, 9.0])]
