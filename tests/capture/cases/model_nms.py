"""Non-maximum suppression: boxes in order of their scores suppress those that overlap them too much."""
import torch

EXPECT = "graph"


def overlap(a, b):
    low = torch.maximum(a[:2], b[:2])
    high = torch.minimum(a[2:], b[2:])
    inner = (high - low).clamp(min=0).prod()
    return inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner)


def nms(boxes, scores, threshold):
    order = scores.argsort(descending=True)
    keep = torch.ones(len(boxes), dtype=torch.bool)
    for i in range(len(order)):
        if not keep[i]:
            continue
        for j in range(i + 1, len(order)):
            if overlap(boxes[order[i]], boxes[order[j]]) > threshold:
                keep[j] = False
    return order[keep]


def make():
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.5, 0.0, 2.5, 2.0], [5.0, 5.0, 6.0, 7.0], [5.0, 5.0, 6.0, 6.5]])
    scores = torch.tensor([0.9, 0.8, 0.3, 0.7])
    return nms, [
        (boxes, scores, torch.tensor(0.5)),
        (boxes, scores, torch.tensor(0.99)),
        (boxes * 0 + boxes[0], scores, torch.tensor(0.5)),
        (boxes, scores.flip(0), torch.tensor(0.65)),
    ]
