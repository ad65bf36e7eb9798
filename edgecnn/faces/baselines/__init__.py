"""Face recognition before neural nets: for teaching, for boards without room, and to compare with.

| name         | learns from                    | vector                           | distance   |
|--------------|--------------------------------|----------------------------------|------------|
| eigenfaces   | grey crops                     | place among the principal faces  | euclidean  |
| fisherfaces  | grey crops of known people     | place that parts people best     | euclidean  |
| lbp          | nothing                        | histograms of tiny patterns      | chi-square |

All take aligned grey crops of one size (`crop_face` cuts them) and give vectors that a
`edgecnn.faces.match.Matcher` takes. None of them is secure: use them to learn, and measure them
with ``edgecnn faces evaluate --model FILE`` before use.
"""

from __future__ import annotations

from edgecnn.faces.baselines.base import ALIGNMENT, Baseline, crop_face, load_baseline
from edgecnn.faces.baselines.eigenfaces import Eigenfaces
from edgecnn.faces.baselines.fisherfaces import Fisherfaces
from edgecnn.faces.baselines.lbp import LbpHistograms

__all__ = [
    "ALIGNMENT",
    "Baseline",
    "Eigenfaces",
    "Fisherfaces",
    "LbpHistograms",
    "crop_face",
    "load_baseline",
]
