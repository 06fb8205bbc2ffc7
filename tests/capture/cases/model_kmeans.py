"""k-means: assign, average, and repeat until no assignment changes; empty clusters stay where they are."""
import torch

EXPECT = "graph"


def kmeans(points, centers):
    assignment = torch.full((len(points),), -1)
    while True:
        distances = (points.unsqueeze(1) - centers.unsqueeze(0)).pow(2).sum(-1)
        new_assignment = distances.argmin(1)
        if torch.equal(new_assignment, assignment):
            break
        assignment = new_assignment
        rows = []
        for k in range(2):
            mask = (assignment == k).float()
            if mask.sum() > 0:
                rows.append((points * mask.unsqueeze(1)).sum(0) / mask.sum())
            else:
                rows.append(centers[k])
        centers = torch.stack(rows)
    return centers, assignment


def make():
    points = [[0.0, 0.0], [0.0, 1.0], [4.0, 4.0], [5.0, 4.0], [2.0, 2.5]]

    def call(*centers):
        return torch.tensor(points, requires_grad=True), torch.tensor(centers)

    return kmeans, [call([0.0, 0.5], [4.5, 4.0]), call([9.0, 9.0], [1.0, 1.0]), call([0.0, 0.0], [0.1, 0.1]),
                    call([2.0, 2.0], [99.0, 99.0])]
