"""Questions about a program and a set of inputs, over its symbolic graph."""
