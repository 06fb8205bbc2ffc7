"""`.tolist()` of a tensor with fixed length, unpacked into Python numbers that steer the program."""

import torch

EXPECT = "graph"


def crop(image, box):
    top, left = box.tolist()
    if top > left:
        image = image.t()
    row, weights = image[0], [top + 0.5, left + 0.5]
    return row * weights[0] + row.flip(0) * weights[1], (left, top)


def make():
    image = torch.arange(9.0).reshape(3, 3).requires_grad_()
    return crop, [
        (image, torch.tensor([0, 2])),
        (image, torch.tensor([2, 1])),
        (image, torch.tensor([1, 1])),
    ]
