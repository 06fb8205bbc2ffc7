"""Views of an outer tensor are written in branches: the base sees it, and so does another view."""

import torch

EXPECT = "graph"


def mark(grid, point):
    board = grid * 1
    top, diagonal = board[0], board.diagonal()
    if point > 0:
        top.fill_(7)
        if point > 1:
            diagonal += 0.5
    else:
        board[:, 1].zero_()
    return board.sum(0), top * 2, diagonal


def make():
    grid = torch.arange(9.0).reshape(3, 3).requires_grad_()
    return mark, [
        (grid, torch.tensor(0.5)),
        (grid, torch.tensor(2.0)),
        (grid, torch.tensor(-1.0)),
    ]
