"""Simulated infants: body, motion, scene, depth camera, and recordings with their truth."""
