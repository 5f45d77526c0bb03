"""State of one check of a GPU: rows, what is wrong, and the time that is left."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

ROOT: Final = Path(__file__).resolve().parents[2]


class Check:
    """Rows and failures of a check on `device`; `left_s()` is the time left, `broken` names the paths to leave out."""

    def __init__(self, device: torch.device, out: Path, left_s: Callable[[], float]) -> None:
        self.device = device
        self.out = out
        self.left_s = left_s
        self.failures: list[str] = []
        self.rows: list[Any] = []
        self.broken: set[str] = set()  # paths that hang or end the process

    def fail(self, line: str) -> None:
        """Note what is wrong."""
        self.failures.append(line)
        print(f"WRONG {line}", flush=True)

    def keep(self, row: Any) -> None:
        """Keep a row, on disk too."""
        from asyconv.kernels.timing import commit, write_rows

        row = replace(row, commit=row.commit or commit(ROOT))
        self.rows.append(row)
        write_rows(self.out, [row])

    def tell(self) -> None:
        """The table, what it says for the dispatch, and what is wrong."""
        from asyconv.kernels.bench import fastest
        from asyconv.kernels.timing import table

        rows = [row for row in self.rows if row.p50_ms != "" or row.kept_for_backward_mib != ""]
        print(table(rows))
        print("rows say for dispatch.FASTEST:")
        for (*sizes, dtype), path in fastest(self.rows).items():
            key = ", ".join(map(str, (torch.cuda.get_device_capability(), *sizes)))
            print(f'    ({key}, torch.{dtype}): "{path}",')
        print("\n".join(f"WRONG {line}" for line in self.failures) or "nothing that was checked is wrong", flush=True)

    def give_up(self) -> None:
        """End the process from beside a step that does not end, with what there is."""
        self.fail("a step did not end in time")
        self.tell()
        os._exit(1)
