"""Non-maximum suppression with shrinking boolean masks."""
import torch
EXPECT = "graph"

def iou(box, boxes):
    lt = torch.maximum(box[:2], boxes[:, :2])
    rb = torch.minimum(box[2:], boxes[:, 2:])
    inter = (rb - lt).clamp(min=0).prod(1)
    area = (box[2:] - box[:2]).prod()
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return inter / (area + areas - inter)

def nms(boxes, scores, thr=0.5):
    order = scores.argsort(descending=True)
    keep = []
    while order.numel() > 0:
        i = order[0]
        keep.append(i)
        if order.numel() == 1:
            break
        rest = order[1:]
        order = rest[iou(boxes[i], boxes[rest]) <= thr]
    return torch.stack(keep) if keep else torch.empty(0, dtype=torch.long)

def make():
    torch.manual_seed(8)
    calls = []
    for n in (6, 6, 6, 6):
        xy = torch.rand(n, 2) * 3
        calls.append((torch.cat([xy, xy + 1 + torch.rand(n, 2)], 1), torch.rand(n)))
    calls.append((torch.tensor([[0.0, 0.0, 2.0, 2.0]]).repeat(6, 1), torch.rand(6)))  # one box suppresses all others
    return nms, calls
