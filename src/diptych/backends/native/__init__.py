"""Native code: a graph that is written out becomes one C function."""
