"""RANSAC line fit: random pairs, inlier count, refit by least squares, early stop."""
import torch
EXPECT = "any"  # not in one graph yet

def ransac(x, y, n_iter=8, tol=0.2):
    best_inliers = torch.zeros_like(x, dtype=torch.bool)
    best = None
    for it in range(n_iter):
        i, j = torch.randperm(len(x))[:2]
        if (x[i] - x[j]).abs() < 1e-6:
            continue
        slope = (y[i] - y[j]) / (x[i] - x[j])
        icpt = y[i] - slope * x[i]
        inliers = (slope * x + icpt - y).abs() < tol
        if inliers.sum() > best_inliers.sum():
            best_inliers = inliers
            best = (slope, icpt)
            if inliers.float().mean() > 0.9:
                break
    if best is None:
        raise RuntimeError("no model found")
    A = torch.stack([x[best_inliers], torch.ones(int(best_inliers.sum()))], dim=1)
    sol = torch.linalg.lstsq(A, y[best_inliers][:, None]).solution
    return sol[:, 0], best_inliers.sum()

def make():
    torch.manual_seed(0)
    x = torch.linspace(0, 1, 6)
    noise = torch.zeros(6)
    noise[2] = 3.0
    return ransac, [(x, 2 * x + 1), (x, 2 * x + 1 + noise), (x, torch.randn(6)), (torch.ones(6), x)]
