"""Objects with items by number, or with iterators of their own: how many they have may change from call to call."""

import itertools

import torch

EXPECT = "any"


class Samples:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, k):
        if k >= self.count:
            raise IndexError(k)
        return 10.0 * self.count + k


class Batches:
    def __init__(self, samples, size):
        self.samples, self.size = samples, size

    def __iter__(self):
        walk = iter(self.samples)
        batch = [*itertools.islice(walk, self.size)]
        while batch:
            yield batch
            batch = [*itertools.islice(walk, self.size)]


class Loop:
    def __init__(self):
        self.samples = Samples(4)
        self.batches = Batches(self.samples, 2)

    def __call__(self, x, count):
        self.samples.count = count
        sums = [x * sum(batch) for batch in self.batches]
        first = next(iter(self.samples))
        last = list(reversed(self.samples))[0]
        pairs = [a + b for a, b in zip(self.samples, self.batches.samples)]
        merged = torch.tensor(self.samples).sum() if count < 4 else x
        return sums, first, last, pairs, 42.0 in self.samples, 99.0 in self.samples, sorted(self.samples)[-1], merged


def make():
    return Loop(), [(torch.tensor(2.0), n) for n in (4, 5, 3, 4)]
