"""Ancestral sampling: tokens are drawn until the end token comes up."""
import torch

EXPECT = "graph"


def sample(logits, temperature):
    token = torch.tensor(1)
    log_prob = torch.zeros(())
    length = 0
    while token != 0 and length < 12:
        p = (logits[token] / temperature).softmax(-1)
        token = torch.multinomial(p, 1).squeeze(0)
        log_prob = log_prob + p[token].log()
        length += 1
    return token, log_prob, length


def make():
    def call(bonus, temperature):
        logits = torch.tensor([[0.0, 1.0, 2.0], [0.5, 0.1, 0.9], [0.3, 2.0, 0.2]])
        logits[:, 0] += bonus
        return logits.requires_grad_(), torch.tensor(temperature)

    return sample, [call(0.0, 1.0), call(9.0, 1.0), call(-9.0, 1.0), call(-1.0, 0.7)]
