"""Tokens are mapped to Python strings through a dict; unknown ones get a default."""
import torch

EXPECT = "any"
NAMES = {0: "pad", 1: "noun", 2: "verb"}


def tags(tokens):
    result = []
    for token in tokens.tolist():
        if token == 0:
            break
        result.append(NAMES.get(token, f"unknown-{token}"))
    return " ".join(result), len(result)


def make():
    return tags, [(torch.tensor([1, 2, 0]),), (torch.tensor([0, 1, 1]),), (torch.tensor([2, 7, 1]),)]
