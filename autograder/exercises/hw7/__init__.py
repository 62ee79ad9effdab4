"""Exercises of hw7-detection."""
