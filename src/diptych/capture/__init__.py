"""Capture: from an imperative program to its symbolic graph."""
