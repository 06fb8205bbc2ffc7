"""What an operation means abstractly: sets of values instead of values."""
