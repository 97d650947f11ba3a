"""One event on its way to many, encoded once for each wire format that somebody reads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

Encoded_co = TypeVar("Encoded_co", covariant=True)


class WireFormat(Protocol[Encoded_co]):
    """A way to write an event; one object stands for one format."""

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> Encoded_co:
        """Write the event; ``offset`` is for clients that can recover."""


class Publication:
    """An event with its arguments and what a slow client may miss of it.

    ``volatile``: dropped for a client that is behind. ``supersedes``: for such a client it takes the place of
    an earlier one with the same key, as ``snapshot()``, a payload that holds all that both would have said.
    ``local``: for this process alone.
    """

    __slots__ = (
        "_encodings",
        "_snapshots",
        "args",
        "event",
        "local",
        "must_arrive",
        "namespace",
        "offset",
        "snapshot",
        "supersedes",
        "volatile",
    )

    def __init__(
        self,
        event: str,
        args: tuple[Any, ...],
        *,
        namespace: str = "/",
        volatile: bool = False,
        supersedes: Hashable | None = None,
        snapshot: Callable[[], object] | None = None,
        local: bool = False,
    ) -> None:
        self.event = event
        self.args = args
        self.namespace = namespace
        self.volatile = volatile
        self.supersedes = supersedes
        self.snapshot = snapshot
        self.local = local
        self.must_arrive = not volatile and supersedes is None
        """Whether every receiver gets this very event, or is closed."""
        self.offset: str | None = None
        """What a client that recovers names this event by; see `server.realtime.recovery`."""
        self._encodings: dict[WireFormat[Any], Any] = {}
        self._snapshots: dict[WireFormat[Any], Any] = {}

    def encoded(self, wire_format: WireFormat[Encoded_co]) -> Encoded_co:
        """Return the event in ``wire_format``."""
        encoding = self._encodings.get(wire_format)
        if encoding is None:
            encoding = wire_format.encode(self.namespace, self.event, self.args, self.offset)
            self._encodings[wire_format] = encoding
        return encoding

    def newest(self, wire_format: WireFormat[Encoded_co]) -> Encoded_co:
        """Return what stands for this event and those it supersedes."""
        if self.snapshot is None:
            return self.encoded(wire_format)
        encoding = self._snapshots.get(wire_format)
        if encoding is None:
            encoding = wire_format.encode(self.namespace, self.event, (self.snapshot(),))
            self._snapshots[wire_format] = encoding
        return encoding
