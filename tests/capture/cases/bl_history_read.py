"""Histories that are read, shared under two names, replaced or returned are not only appended to."""

import torch

EXPECT = "any"


class Trainer:
    def __init__(self):
        self.history = {"loss": [], "best": [], "note": "x"}
        self.losses = self.history["loss"]
        self.groups = {"a": {"rows": []}, "b": {"rows": []}}

    def __call__(self, x, what):
        loss = x.sum()
        self.history["loss"].append(loss.item())
        if what == "mean":
            return sum(self.history["loss"]) / len(self.history["loss"])
        if what == "alias":
            self.losses.append(0.5)
            self.history["loss"].append(0.25)
            return self.losses is self.history["loss"]
        if what == "all":
            if loss > 0:
                self.history["best"].append(loss)
            return self.history
        if what == "replace":
            self.history["best"] = [loss]
            self.history["best"].append(loss * 2)
            return {k: len(v) for k, v in self.history.items()}
        for name in self.groups:
            self.groups[name]["rows"].append(loss)
        self.groups["a"]["rows"] = self.groups["a"]["rows"][-2:]
        return [loss] + self.history["best"]


def state(trainer):
    return trainer.history, trainer.losses, trainer.groups


def make():
    torch.manual_seed(0)
    kinds = ("mean", "mean", "alias", "all", "replace", "rest", "rest", "alias", "all", "replace", "rest")
    return Trainer(), [(torch.rand(3) * (-1) ** (i // 2), kind) for i, kind in enumerate(kinds)]
