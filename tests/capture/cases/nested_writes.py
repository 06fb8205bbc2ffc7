"""Three branches deep, each level writes: a row of a tensor, an entry of a dict, an element of a list."""

import torch

EXPECT = "graph"


def settle(board, move):
    board = board.clone()
    score, history = {"points": torch.zeros(())}, [board.sum()]
    if move > 0:
        board[0] += move
        if board[0].sum() > 5:
            score["points"] = score["points"] + board[0].sum()
            if board[0, 0] > board[0, 1]:
                history[0] = board[0, 0] * 2
                board[0, 0] = 0
            board[1] -= 1
        history.append(board[0].mean())
    else:
        score["points"] = move.abs()
        history.append(move)
    return board, score, torch.stack(history)


def make():
    board = torch.tensor([[1.0, 2.0], [0.5, 0.25]], requires_grad=True)
    other = torch.tensor([[2.0, 1.0], [0.5, 0.25]], requires_grad=True)
    return settle, [
        (board, torch.tensor(0.5, requires_grad=True)),
        (board, torch.tensor(2.5, requires_grad=True)),
        (other, torch.tensor(1.5, requires_grad=True)),
        (board, torch.tensor(-1.5, requires_grad=True)),
    ]
