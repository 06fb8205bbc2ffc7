"""A triplet loss over all valid triples: nested loops with `continue`, averaged over the active ones."""
import torch

EXPECT = "any"  # not in one graph yet


def triplet_loss(embeddings, labels):
    losses = []
    for a in range(3):
        for p in range(3):
            if a == p or labels[a] != labels[p]:
                continue
            for n in range(3):
                if labels[n] == labels[a]:
                    continue
                gap = (embeddings[a] - embeddings[p]).pow(2).sum() - (embeddings[a] - embeddings[n]).pow(2).sum() + 0.5
                if gap > 0:
                    losses.append(gap)
    if not losses:
        return embeddings.sum() * 0.0, 0
    return torch.stack(losses).mean(), len(losses)


def make():
    points = [[0.0, 0.0], [1.0, 0.5], [0.2, 0.1]]
    return triplet_loss, [
        (torch.tensor(points, requires_grad=True), torch.tensor([0, 0, 1])),
        (torch.tensor(points, requires_grad=True), torch.tensor([0, 1, 0])),
        (torch.tensor(points, requires_grad=True), torch.tensor([0, 1, 2])),
    ]
