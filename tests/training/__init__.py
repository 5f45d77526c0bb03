"""Tests of `asyconv.training`."""
