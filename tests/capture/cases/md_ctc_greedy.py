"""CTC greedy decoding: collapse repeats, drop blanks, words from ids."""
import torch
EXPECT = "any"  # not in one graph yet
ALPHABET = "-abc"

def decode(log_probs, blank=0):
    ids = log_probs.argmax(-1)
    prev = blank
    out = []
    for i in ids:
        if i != prev and i != blank:
            out.append(i)
        prev = i
    text = "".join(ALPHABET[int(i)] for i in out)
    conf = log_probs.max(-1).values.sum().exp()
    return text, conf

def make():
    def lp(ids):
        return torch.nn.functional.one_hot(torch.tensor(ids), 4).float().mul(5).log_softmax(-1)
    return decode, [(lp(i),) for i in ([0, 1, 1, 2], [1, 0, 1, 1], [0, 0, 0, 0], [3, 2, 2, 1], [3, 2, 2, 1, 0, 0])]
