"""Exercises of hw5-resnets."""
