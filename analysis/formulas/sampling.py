"""Sampling: what a rate of samples can show at all."""

from typing import Final

FAST_HZ: Final = 25.0
"""Below this rate a stroke has too few samples for tests of single ones, noise, acceleration and short bouts."""
KEPT: Final = 0.7
"""A frequency counts as seen while at least this share of it comes through."""
