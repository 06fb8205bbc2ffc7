"""Diptych: imperative PyTorch programs and their symbolic graphs."""
