"""Data sets: real ones by download or from a folder, and procedural ones that need no network."""
