"""Many recordings overnight: batch, claims, engines, child processes, and the store of results."""
