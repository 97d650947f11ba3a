"""How long each command of the database takes, told by the driver in its own threads."""

from __future__ import annotations

from collections.abc import Callable

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

Note = Callable[[str, float, bool], None]
"""Takes a command's name, its seconds, and whether it succeeded; called in any thread."""


class CommandTimes(CommandListener):
    """Hands every command's time on."""

    def __init__(self, note: Note) -> None:
        self._note = note

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._note(event.command_name, event.duration_micros / 1e6, True)

    def failed(self, event: CommandFailedEvent) -> None:
        self._note(event.command_name, event.duration_micros / 1e6, False)
