"""What every part of the product stands on."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from server.clock import Clock
from server.operation.operation import Operation
from server.realtime.hub import Hub
from server.services.profiles import Profiles
from server.settings import Settings
from server.storage.repositories import Repositories
from server.texts import Texts


@dataclass(frozen=True)
class Ground:
    """Given to each assembly; how what it starts is stopped again goes onto the stack."""

    settings: Settings
    clock: Clock
    stack: AsyncExitStack
    stores: Repositories
    hub: Hub
    operation: Operation
    profiles: Profiles
    texts: Texts
