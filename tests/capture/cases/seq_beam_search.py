"""Beam search of width two over a bigram model, stopping when the best beam has ended."""
import torch

EXPECT = "graph"
EOS = 0


def beam_search(log_probs, start):
    vocabulary = log_probs.shape[0]
    scores = torch.tensor([0.0, float("-inf")])
    beams = torch.stack([start, start]).unsqueeze(1)
    for _ in range(5):
        if (beams[:, -1] == EOS).all():
            break
        step = log_probs[beams[:, -1]]
        ended = (beams[:, -1] == EOS).unsqueeze(1)
        stay = torch.full_like(step, float("-inf"))
        stay[:, EOS] = 0.0
        step = torch.where(ended, stay, step)
        scores, index = (scores.unsqueeze(1) + step).reshape(-1).topk(2)
        beams = torch.cat([beams[index // vocabulary], (index % vocabulary).unsqueeze(1)], dim=1)
    return beams, scores


def make():
    def call(seed, end_bonus):
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(4, 4, generator=generator)
        logits[:, EOS] += end_bonus
        return logits.log_softmax(-1).requires_grad_(), torch.tensor(seed % 3 + 1)

    return beam_search, [call(0, 0.0), call(1, 0.0), call(2, 1.0), call(3, -9.0)]
