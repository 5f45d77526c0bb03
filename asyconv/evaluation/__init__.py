"""What a model is worth: errors on held-out infants, baselines, conditions, calibration and times."""
