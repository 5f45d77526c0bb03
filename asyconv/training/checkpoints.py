"""Files of a training: its recipe, the checkpoint of each network, its losses.

Every file is replaced in one rename once it is whole, so that a kill or a full disk leaves the one before.
"""

from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from asyconv.errors import InputError
from asyconv.training.stage import Stage
from asyconv.whole_files import write_whole

LOSSES: Final = "losses.csv"


def save(stage: Stage, folder: Path) -> None:
    """Checkpoint (weights, average, best, the optimiser's state) under one name, replaced in one rename."""
    tensors = {f"network.{k}": v for k, v in stage.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in stage.average.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in stage.best.state_dict().items()}
    for index, state in stage.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in state.items() if v is not None}
    facts = {name: repr(getattr(stage, name)) for name in ("step", "steps", "loss_sum", "best_value", "best_step")}
    stored = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    write_whole(folder / f"{stage.name}.safetensors", safetensors.torch.save(stored, metadata=facts))


def resume(stage: Stage, folder: Path) -> bool:
    """Load the checkpoint in `folder` into the stage; False if there is none."""
    path = folder / f"{stage.name}.safetensors"
    if not path.is_file():
        return False
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        stage.step, stage.steps = int(facts["step"]), int(facts["steps"])
        stage.loss_sum, stage.best_value = float(facts["loss_sum"]), float(facts["best_value"])
        stage.best_step = int(facts.get("best_step", "0"))
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"{path}: expected a checkpoint of this version, found something else ({error})") from error
    for prefix, module in (("network.", stage.network), ("average.", stage.average), ("best.", stage.best)):
        weights = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        check_fit(path, module.state_dict(), weights)
        module.load_state_dict(weights)
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
    if state:
        stage.optimiser.load_state_dict({"state": state, "param_groups": stage.optimiser.state_dict()["param_groups"]})
    return True


def check_fit(path: Path, expected: dict[str, Any], loaded: dict[str, Tensor]) -> None:
    """Refuse weights whose names or shapes are not those of the network they are for."""
    for name in sorted(set(expected) | set(loaded)):
        shapes = [tuple(side[name].shape) if name in side else None for side in (expected, loaded)]
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{path}: expected weights of this architecture with {name} {shapes[0]}, found {shapes[1]}"
            )


def add_loss(path: Path, stage: str, step: int, what: str, value: float) -> None:
    """Append the mean loss or the validation of one step."""
    is_new = not path.exists()
    with path.open("a", encoding="utf8") as file:
        if is_new:
            file.write("stage,step,what,value\n")
        file.write(f"{stage},{step},{what},{value:.8g}\n")


def cut_losses(path: Path, stage: str, step: int) -> None:
    """Remove losses that were written after the checkpoint from which a killed training resumes."""
    if not path.exists():
        return
    head, *lines = path.read_text(encoding="utf8").splitlines()
    rows = [line.split(",") for line in lines]
    kept = [",".join(line) for line in rows if len(line) == 4 and (line[0] != stage or int(line[1]) <= step)]
    write_whole(path, "\n".join([head, *kept, ""]))
