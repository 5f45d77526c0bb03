"""Measures: what each declares, the gates that withhold it, and the registry of all."""
