"""Tests of `asyconv.evaluation`."""
