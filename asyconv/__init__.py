"""Depth recordings of preterm infants to limb poses, movement series, tables and reports.

Each top folder of the repository is a part of this one package: ``kernels/`` is ``asyconv.kernels``,
``analysis/`` is ``asyconv.analysis``, ``cli/`` is ``asyconv.cli``. This file imports nothing, so
``asyconv.analysis`` runs on a computer without torch.

Axes are written with these letters, in this order, in names, docstrings and CUDA code:

====== ================== ====== =====================================
letter axis               letter axis
====== ================== ====== =====================================
B      clip in the batch  H      row (y), 96 on the map
C      channel            W      column (x), 128 on the map
T      frame in clip (3)  J      joint (12)
L      limb (4)           K      connection between two joints (8)
====== ================== ====== =====================================

Clips are ``[B, 1, T, H, W]``, maps ``[B, J+K, T, H, W]``. Units are the last part of a name: ``_px`` (pixels
of the original frame), ``_map`` (pixels of the map), ``_mm``, ``_s``, ``_hz``, ``_deg``, ``_mm_s``. Left and
right are the infant's.
"""

__version__ = "0.1.0"
