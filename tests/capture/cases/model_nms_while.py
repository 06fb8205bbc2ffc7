"""Non-maximum suppression that shrinks the set of candidates until it is empty."""
import torch

EXPECT = "graph"


def nms_1d(centers, scores, radius):
    kept = []
    while centers.numel() > 0:
        best = scores.argmax()
        kept.append(centers[best])
        far = (centers - centers[best]).abs() > radius
        centers, scores = centers[far], scores[far]
    return torch.stack(kept)


def make():
    def call(radius):
        return (torch.tensor([0.0, 1.0, 1.5, 4.0], requires_grad=True), torch.tensor([0.1, 0.9, 0.8, 0.5]),
                torch.tensor(radius))

    return nms_1d, [call(0.6), call(0.1), call(9.0), call(2.0)]
