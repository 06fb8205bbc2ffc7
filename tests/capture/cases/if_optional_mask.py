"""Optional argument, isinstance dispatch, and a branch on the mask's content."""
import torch
import torch.nn.functional as F
EXPECT = "graph"
MAX_GRAPHS = 5

def attend(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.size(-1) ** 0.5
    if mask is not None:
        if isinstance(mask, (list, tuple)):
            mask = torch.tensor(mask)
        if mask.dtype != torch.bool:
            mask = mask > 0
        if mask.all():
            pass
        elif not mask.any():
            return torch.zeros_like(v)
        else:
            scores = scores.masked_fill(~mask, float("-inf"))
    return F.softmax(scores, dim=-1) @ v

def make():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 3, requires_grad=True) for _ in range(3))
    return attend, [(q, k, v), (q, k, v, torch.ones(4, dtype=torch.bool)), (q, k, v, torch.tensor([1, 0, 1, 1])),
                    (q, k, v, torch.zeros(4)), (q, k, v, [1, 0, 0, 1])]
