"""unique with counts, then mean per class."""
import torch
EXPECT = "graph"

def class_means(x, y):
    classes, inv, counts = torch.unique(y, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(classes), x.shape[1]).index_add(0, inv, x)
    means = sums / counts[:, None]
    if len(classes) == 1:
        return means, classes
    return means - means.mean(0), classes

def make():
    torch.manual_seed(0)
    x = torch.randn(5, 2, requires_grad=True)
    return class_means, [(x, torch.tensor(y)) for y in ([0, 1, 0, 1, 2], [3, 3, 3, 3, 3], [0, 1, 2, 3, 4], [1, 1, 0, 0, 0])]
