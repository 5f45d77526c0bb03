"""Tests of `asyconv.evaluation.joint_errors`."""
