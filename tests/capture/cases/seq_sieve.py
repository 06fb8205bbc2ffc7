"""The sieve of Eratosthenes: strided slices of a mask are cleared; the primes are gathered by the mask."""
import torch

EXPECT = "graph"


def primes(excluded):
    mask = torch.ones(30, dtype=torch.bool)
    mask[:2] = False
    mask[excluded] = False
    for i in range(2, 6):
        if mask[i]:
            mask[i * i::i] = False
    return torch.arange(30)[mask]


def make():
    return primes, [(torch.tensor(29),), (torch.tensor(2),), (torch.tensor(3),), (torch.tensor(5),)]
