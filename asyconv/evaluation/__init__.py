"""Quality of a model: errors on held-out infants, baselines, conditions, calibration and times."""
