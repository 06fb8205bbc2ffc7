"""A zoo of small modules that cover what public repositories contain, by theme."""

from __future__ import annotations

from . import (
    attention,
    audio,
    decisions,
    detection,
    dynamics,
    exotic,
    generative,
    graph_nets,
    idioms,
    language,
    latent,
    losses,
    metric_losses,
    mobile,
    points,
    recurrent,
    residual,
    restoration,
    segmentation,
    seq2seq,
    training,
    transformers,
    values,
)
from .entry import Entry

THEMES = (
    attention, audio, decisions, detection, dynamics, exotic, generative, graph_nets, idioms, language, latent, losses,
    metric_losses, mobile, points, recurrent, residual, restoration, segmentation, seq2seq, training, transformers, values,
)  # fmt: skip

ZOO: list[Entry] = [entry for theme in THEMES for entry in theme.ENTRIES]
