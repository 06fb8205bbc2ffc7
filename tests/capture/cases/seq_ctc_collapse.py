"""CTC collapse: repeated symbols and blanks are dropped from a sequence, what remains is stacked."""
import torch

EXPECT = "graph"
BLANK = 0


def collapse(symbols):
    previous = BLANK
    kept = []
    for symbol in symbols:
        if symbol != BLANK and symbol != previous:
            kept.append(symbol)
        previous = symbol
    if len(kept) == 0:
        return torch.zeros(0, dtype=symbols.dtype)
    return torch.stack(kept)


def make():
    return collapse, [
        (torch.tensor([1, 1, 0, 1, 2, 2]),),
        (torch.tensor([0, 0, 0, 0, 0, 0]),),
        (torch.tensor([3, 2, 1, 3, 2, 1]),),
    ]
