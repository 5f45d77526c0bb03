"""Tests of labelling by hand."""
