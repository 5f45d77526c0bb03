"""Tests of `asyconv.night`."""
