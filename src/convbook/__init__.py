"""Shared module of the course: NumPy reference kernels, explorables and the lectures' numbers."""
