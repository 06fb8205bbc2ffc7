"""The gradient of a graph, control flow included, as a graph."""
