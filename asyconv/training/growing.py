"""A larger network that begins as a smaller one."""

import torch
from torch import nn


def load_grown(network: nn.Module, start: nn.Module) -> None:
    """Give `network` the weights of `start`, which may lack layers and channels of it, so that it computes the same.

    Channels that `start` has come first in `network`, in the same order; what they get from other channels is nothing
    at first. Layers that `start` lacks must begin as the identity (see `asyconv.pose.layers.Residual`), and transposed
    convolutions must have the same size.
    """
    own = network.state_dict()
    with torch.no_grad():
        for name, old in start.state_dict().items():
            new = own[name]
            if new.ndim > 1:
                new[: old.shape[0]] = 0
            new[tuple(slice(size) for size in old.shape)] = old
