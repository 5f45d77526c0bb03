"""Depth recordings as streams of frames: the types, opening, finding, and one file for each format."""
