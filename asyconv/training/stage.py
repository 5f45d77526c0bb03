"""State of one network in training, as a checkpoint stores it."""

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Stage:
    """One network in training: weights, their average, optimiser, and the best weights so far."""

    name: str
    network: nn.Module
    average: nn.Module
    best: nn.Module
    optimiser: torch.optim.Optimizer
    steps: int
    epoch_steps: int
    step: int = 0
    loss_sum: float = 0.0  # since losses were last noted
    best_value: float = math.inf
    best_step: int = 0
