"""Greedy non-maximum suppression with a Python list of kept indices."""

import torch

EXPECT = "graph"


def iou(a, b):
    lt = torch.maximum(a[:2], b[:2])
    rb = torch.minimum(a[2:], b[2:])
    inter = (rb - lt).clamp(min=0).prod()
    return inter / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inter)


def nms(boxes, scores, threshold=0.5):
    order = scores.argsort(descending=True)
    keep = []
    for i in order:
        ok = True
        for j in keep:
            if iou(boxes[i], boxes[j]) > threshold:
                ok = False
                break
        if ok:
            keep.append(i)
    return torch.stack(keep)


def make():
    b = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.1, 0.1, 2.1, 2.1], [3.0, 3.0, 4.0, 4.0], [0.0, 0.0, 1.9, 2.0]])
    s = torch.tensor([0.9, 0.8, 0.7, 0.95])
    return nms, [(b, s), (b * torch.tensor([1.0, 1.0, 0.4, 0.4]), s), (b[:, [1, 0, 3, 2]], s.flip(0))]
