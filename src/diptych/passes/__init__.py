"""Graphs to graphs that do the same with less work. They take graphs of core operations, and change them in place."""
