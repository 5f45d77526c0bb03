"""Tests of `asyconv.simulation`."""
