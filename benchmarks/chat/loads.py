"""What is measured of chat, and how much is stored meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Load(NamedTuple):
    """So many messages a second of a crowd all together; 0: each writes as soon as its last message is acked."""

    rate: float

    @property
    def title(self) -> str:
        return f"{self.rate:g}/s" if self.rate else "each writes when acked"


class CrowdSize(NamedTuple):
    """How many members are connected, in groups of how many."""

    members: int
    group: int

    @property
    def title(self) -> str:
        return f"{self.members:,} in {self.members // self.group:,} groups of {self.group:,}"


@dataclass(frozen=True)
class Extent:
    """How much is measured and how long."""

    crowds: tuple[tuple[CrowdSize, tuple[Load, ...]], ...]
    long_conversation: int
    conversations: int
    conversation: int
    requests: int
    rounds: int
    warm_up: float
    seconds: float

    @property
    def messages(self) -> int:
        """How many messages are stored before."""
        return self.long_conversation + (self.conversations - 1) * self.conversation


FULL = Extent(
    crowds=(
        (CrowdSize(100, 10), (Load(0), Load(100))),
        (CrowdSize(1000, 10), (Load(0), Load(100))),
        (CrowdSize(1000, 500), (Load(20),)),
    ),
    long_conversation=100_000,
    conversations=226,
    conversation=4_000,
    requests=300,
    rounds=3,
    warm_up=0.5,
    seconds=3.0,
)

QUICK = Extent(
    crowds=((CrowdSize(12, 3), (Load(0), Load(50))),),
    long_conversation=1_000,
    conversations=4,
    conversation=100,
    requests=20,
    rounds=1,
    warm_up=0.1,
    seconds=0.5,
)
