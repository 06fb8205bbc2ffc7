"""Backends: from a graph to a callable over its flat inputs and outputs."""
