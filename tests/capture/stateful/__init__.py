"""Random programs with state: what they consist of, and how one is written."""
