"""Plain counters: the hot path adds to them, an operator's page reads them."""

from __future__ import annotations


class Metrics:
    """Totals since start, but for the gauges, which are now."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "connections_closed",
        "connections_opened",
        "dropped_messages",
        "events_in",
        "messages_out",
        "peer_errors",
        "refused_requests",
        "slow_consumer_closes",
        "unknown_sids",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    bytes_in: int
    bytes_out: int
    connections_opened: int
    connections_closed: int
    dropped_messages: int
    events_in: int
    messages_out: int
    peer_errors: int
    refused_requests: int
    slow_consumer_closes: int
    unknown_sids: int

    def snapshot(self) -> dict[str, int]:
        """Return every counter by name."""
        return {name: getattr(self, name) for name in self.__slots__}
