"""Conway's game of life until the board is still, empty, or the limit is reached."""
import torch
import torch.nn.functional as F

EXPECT = "any"  # not in one graph yet


def neighbours(board):
    kernel = torch.ones(1, 1, 3, 3)
    kernel[0, 0, 1, 1] = 0.0
    return F.conv2d(board[None, None], kernel, padding=1)[0, 0]


def life(board, limit):
    generation = 0
    while board.sum() > 0:
        if generation >= limit:
            return board, generation, "limit"
        n = neighbours(board)
        new = ((n == 3) | ((board == 1) & (n == 2))).float()
        if torch.equal(new, board):
            return board, generation, "still"
        board = new
        generation += 1
    return board, generation, "empty"


def make():
    def call(*cells):
        board = torch.zeros(5, 5)
        for i, j in cells:
            board[i, j] = 1.0
        return board, torch.tensor(6)

    return life, [
        call((1, 1), (1, 2), (2, 1), (2, 2)),
        call((2, 1), (2, 2), (2, 3)),
        call((0, 0), (4, 4)),
        call((1, 1), (1, 2), (2, 1)),
    ]
