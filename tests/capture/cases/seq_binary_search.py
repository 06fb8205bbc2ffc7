"""Binary search in a sorted tensor, with index arithmetic on tensors."""
import torch

EXPECT = "graph"


def search(table, key):
    low, high = torch.tensor(0), torch.tensor(len(table))
    probes = 0
    while low < high:
        middle = (low + high) // 2
        probes += 1
        if table[middle] == key:
            return middle, probes
        if table[middle] < key:
            low = middle + 1
        else:
            high = middle
    return torch.tensor(-1), probes


def make():
    def call(key):
        return torch.tensor([1, 3, 4, 7, 11, 18, 29]), torch.tensor(key)

    return search, [call(7), call(1), call(29), call(5)]
