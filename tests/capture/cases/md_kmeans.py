"""k-means with empty cluster repair until assignments stop changing."""
import torch
EXPECT = "graph"
MAX_GRAPHS = 2

def kmeans(x, k=2, max_iter=20):
    centers = x[:k].clone()
    assign = torch.full((x.shape[0],), -1)
    for it in range(max_iter):
        dist = torch.cdist(x, centers)
        new_assign = dist.argmin(1)
        if torch.equal(new_assign, assign):
            break
        assign = new_assign
        for j in range(k):
            members = x[assign == j]
            if len(members) > 0:
                centers[j] = members.mean(0)
            else:
                centers[j] = x[dist.min(1).values.argmax()]
    return centers, assign, it

def make():
    torch.manual_seed(0)
    a = torch.cat([torch.randn(3, 2), torch.randn(3, 2) + 5])
    return kmeans, [(a,), (a[torch.tensor([0, 5, 1, 4, 2, 3])],), (torch.ones(6, 2),), (torch.randn(8, 2),)]
