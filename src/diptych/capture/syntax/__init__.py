"""The source transformation: one construct a file. Importing this package fills the table of lowerings."""

from diptych.capture.syntax import assignment, branches, expressions, functions, loops, matching, protected

__all__ = ["assignment", "branches", "expressions", "functions", "loops", "matching", "protected"]
