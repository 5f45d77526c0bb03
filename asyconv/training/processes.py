"""Distributed training: the device and the rank of this process."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Place:
    """Where this process trains: its device, its rank and how many there are."""

    device: torch.device
    rank: int = 0
    world: int = 1


CPU: Final = Place(torch.device("cpu"))


def process_count() -> int:
    """How many processes ``torchrun`` started; 1 where it did not."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextlib.contextmanager
def joined_processes() -> Iterator[Place]:
    """Find the place of this process; join the others where ``torchrun`` started several."""
    cuda = torch.cuda.is_available()
    world = process_count()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
    if world == 1:
        yield Place(device)
        return
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Place(device, dist.get_rank(), world)
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def first_process_first(place: Place) -> Iterator[None]:
    """Let the first process run a block that writes files; the others enter the block when it has left."""
    if place.rank > 0:
        dist.barrier()
    yield
    if place.rank == 0 and place.world > 1:
        dist.barrier()
