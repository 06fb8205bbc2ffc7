"""join, format and % over numbers of the graph and words that a tensor chooses."""

import torch

EXPECT = "graph"


def f(x):
    words = ["low" if v < 0 else "high" for v in x]
    n, g = int(x[0]), x[1].item()
    parts = [
        "-".join(words),
        ", ".join(str(int(v)) for v in x),
        "{} of {:.2f}, {word!r:>8}".format(n, g, word=words[0]),
        "{0}{1}{0}".format(n, "x"),
        "%d and %5.1f%% of %s" % (n, g, words[1]),
        "%s" % g,
        "%5s|%03d" % (n, n),
    ]
    print("%s: %d" % (words[0], n))
    return parts


def make():
    return f, [(torch.tensor(v),) for v in ([1.0, 2.0], [-1.0, -2.5], [33.0, -0.125])]
