"""Tests of `asyconv.analysis.report`."""
