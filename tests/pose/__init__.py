"""Tests of `asyconv.pose`."""
