"""Tests of `asyconv.analysis.report.page`."""
