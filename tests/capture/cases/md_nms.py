"""Non-maximum suppression with a while over the remaining boxes."""
import torch
EXPECT = "any"  # not in one graph yet

def iou(box, boxes):
    lt = torch.max(box[:2], boxes[:, :2])
    rb = torch.min(box[2:], boxes[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    area = lambda b: (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return inter / (area(box) + area(boxes) - inter)

def nms(boxes, scores, threshold=0.5):
    order = scores.argsort(descending=True)
    keep = []
    while order.numel() > 0:
        i = order[0]
        keep.append(i)
        if order.numel() == 1:
            break
        rest = order[1:]
        order = rest[iou(boxes[i], boxes[rest]) <= threshold]
    return torch.stack(keep) if keep else torch.empty(0, dtype=torch.long)

def make():
    b = torch.tensor([[0.0, 0, 2, 2], [0.1, 0, 2, 2], [3, 3, 5, 5], [3, 3, 5, 5.5]])
    s = torch.tensor([0.9, 0.8, 0.7, 0.75])
    return nms, [(b, s), (b * torch.tensor([1.0, 1, 0.5, 0.5]), s), (torch.cat([b[:1]] * 4), s), (b[:3], s[:3])]
