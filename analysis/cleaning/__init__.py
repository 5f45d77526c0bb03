"""From tracks to clean positions: time base, swaps, depths, bones, outliers and gaps."""
