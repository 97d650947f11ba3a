"""Figures that a part of the product tells of itself when it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple


class Reading(NamedTuple):
    """One figure; ``name`` ends with its unit and is told with the product's prefix."""

    name: str
    help: str
    read: Callable[[], float]
    kind: Literal["gauge", "counter"] = "gauge"
