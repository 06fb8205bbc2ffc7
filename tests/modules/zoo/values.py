"""Python that looks at values, shapes and types: checks, prints, masks, dispatch, lazy layers, recursion."""

import warnings

import torch
from torch import nn

from .entry import Entry, rows


class VariableInputs(nn.Module):
    """Accepts a tensor or a list of tensors, as torch's own image models do."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        is_list = isinstance(x, (tuple, list))
        if is_list:
            batch_dim = x[0].shape[0]
            x = torch.cat(x, dim=0)
        x = self.fc(x)
        if is_list:
            x = torch.split(x, [batch_dim, batch_dim], dim=0)
        return x


class ShapeChecks(nn.Module):
    """Raises and warns on shapes, reads dtypes and devices, chooses by ndim."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3))

    def forward(self, x):
        if not torch.is_tensor(x):
            raise TypeError(f"Input x type is not a torch.Tensor. Got {type(x)}")
        if not len(x.shape) in (2, 3):
            raise ValueError("Input size must be a two or three dimensional tensor. Got {}".format(x.shape))
        squeeze = x.dim() == 2
        if squeeze:
            x = x.unsqueeze(0)
        if x.dtype == torch.float16 or x.device.type == "cuda":
            warnings.warn("running in half precision")
        if x.shape[-1] != self.weight.shape[0]:
            raise RuntimeError("sizes differ")
        out = (x.to(self.weight.dtype) @ self.weight.to(x.device)).type_as(x)
        return out.squeeze(0) if squeeze else out


class Printer(nn.Module):
    """Prints shapes as debugging leaves them behind."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 3, 3)

    def forward(self, x):
        print("input", x.shape)
        x = self.conv(x)
        print(f"after conv: {tuple(x.size())}")
        return x


class PrintedLayer(nn.Module):
    def forward(self, x):
        print(x.size())
        return x


class NaNGuard(nn.Module):
    """Checks values as numerically careful code does."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        h = self.fc(x)
        if torch.isnan(h).any() or torch.isinf(h).any():
            raise ValueError("NaN in the activations")
        norm = h.norm().item()
        if norm > 1.0:
            h = h / norm
        return h


class SkipPadding(nn.Module):
    """Runs the inner layer only on the rows that a mask keeps, if there are any."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x, mask):
        out = x.clone()
        if mask.any():
            out[mask] = self.fc(x[mask])
        return out


class Dispatcher(nn.Module):
    """Sends each row to a layer picked by its integer label, in a Python loop over ``.tolist()``."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(3, 2) for _ in range(3))

    def forward(self, x, labels):
        return torch.stack([self.heads[i](row) for i, row in zip(labels.tolist(), x)])


class LazyNet(nn.Module):
    """Layers whose sizes come from the first input."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))

    def forward(self, x):
        return self.net(x)


class LazyByHand(nn.Module):
    """Creates its layer in the first call."""

    def __init__(self, out=2):
        super().__init__()
        self.fc, self.out = None, out

    def forward(self, x):
        x = x.flatten(1)
        if self.fc is None:
            self.fc = nn.Linear(x.shape[1], self.out)
        return self.fc(x)


class TreeNet(nn.Module):
    """Recursion over nested Python tuples whose leaves are tensors."""

    def __init__(self):
        super().__init__()
        self.merge = nn.Linear(6, 3)

    def forward(self, tree):
        if isinstance(tree, torch.Tensor):
            return tree
        left, right = (self(child) for child in tree)
        return torch.tanh(self.merge(torch.cat([left, right], -1)))


def tree():
    leaf = lambda: torch.randn(1, 3)  # noqa: E731
    return (((leaf(), leaf()), (leaf(), (leaf(), leaf()))),)


ENTRIES = [
    Entry("list_of_crops", VariableInputs, lambda: ([torch.randn(2, 3), torch.randn(2, 3)],)),
    Entry("single_crop", VariableInputs, rows()),
    Entry("shape_checks", ShapeChecks, rows()),
    Entry("shape_checks_batched", ShapeChecks, lambda: (torch.randn(2, 4, 3),)),
    Entry("prints_shapes", Printer, lambda: (torch.randn(1, 2, 6),)),
    Entry("print_layer", lambda: nn.Sequential(nn.Linear(3, 2), PrintedLayer(), nn.ReLU()), rows()),
    Entry("nan_guard", NaNGuard, rows()),
    Entry("skip_padding", SkipPadding, lambda: (torch.randn(4, 3), torch.rand(4) < 0.5)),
    Entry("dispatch_by_label", Dispatcher, lambda: (torch.randn(4, 3), torch.randint(3, (4,)))),
    Entry("lazy_layers", LazyNet, lambda: (torch.randn(2, 3, 5, 5),)),
    Entry("layer_made_in_forward", LazyByHand, lambda: (torch.randn(2, 2, 3),)),
    Entry("tree_recursion", TreeNet, tree),
]
