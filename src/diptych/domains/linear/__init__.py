"""Linear bounds of a program's values by its inputs: forward and backward (CROWN)."""
