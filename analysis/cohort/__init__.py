"""Many recordings together: strata, comparison, reliability, figures and pages."""
