"""Tests of `asyconv.cli`."""
