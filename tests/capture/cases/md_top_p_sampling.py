"""Sampling with temperature, top-k and top-p, stop at EOS."""
import torch
from torch import nn
EXPECT = "graph"
MAX_GRAPHS = 4

def sample(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature == 0:
        return logits.argmax(-1)
    logits = logits / temperature
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.size(-1))).values[-1]
        logits = logits.masked_fill(logits < kth, float("-inf"))
    if top_p is not None:
        s, idx = logits.sort(descending=True)
        cum = s.softmax(-1).cumsum(-1)
        remove = cum > top_p
        remove[1:] = remove[:-1].clone()
        remove[0] = False
        logits = logits.masked_fill(remove.scatter(0, idx, remove), float("-inf"))
    return torch.multinomial(logits.softmax(-1), 1).squeeze(-1)

class Generator(nn.Module):
    def __init__(self, vocab=6, dim=5, eos=1):
        super().__init__()
        self.emb, self.rnn, self.head = nn.Embedding(vocab, dim), nn.GRUCell(dim, dim), nn.Linear(dim, vocab)
        self.eos = eos

    @torch.inference_mode()
    def generate(self, prompt, max_new=6, **kw):
        h = torch.zeros(1, 5)
        for tok in prompt:
            h = self.rnn(self.emb(tok)[None], h)
        out = prompt.tolist()
        for _ in range(max_new):
            nxt = sample(self.head(h)[0] * 3, **kw)
            out.append(nxt.item())
            if nxt == self.eos:
                break
            h = self.rnn(self.emb(nxt)[None], h)
        return out

    def forward(self, prompt, temperature=0.8, top_k=4, top_p=0.9):
        return self.generate(prompt, temperature=temperature, top_k=top_k, top_p=top_p)

def make():
    torch.manual_seed(0)
    return Generator(), [(torch.tensor(p),) for p in ([1, 2], [3, 4], [5, 5], [2, 0])] + [(torch.tensor([1, 2]), 0.0)] + [(torch.tensor([2, 1]), 0.5, None), (torch.tensor([2, 1]), 0.5, 3, None)]
