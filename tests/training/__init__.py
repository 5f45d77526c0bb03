"""Tests of `asyconv.training.loop`."""
