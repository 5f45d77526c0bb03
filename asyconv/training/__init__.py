"""Training of the networks: recipe, data, targets, losses, loop and checkpoints."""
