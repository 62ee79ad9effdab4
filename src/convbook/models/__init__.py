"""Architectures in PyTorch, as data: one block class, one list of stages."""
