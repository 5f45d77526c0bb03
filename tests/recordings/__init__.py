"""Tests of `asyconv.recordings`."""
