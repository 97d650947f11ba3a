"""Strategies: small classes that pick instruments worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from server.domain.quotes import Quote
from server.market.instruments import INSTRUMENTS, Instrument, Kind
from server.market.quotes import change_percent


class Strategy(Protocol):
    """A rule with a name that clients subscribe to."""

    @property
    def name(self) -> str:
        """The target of a ``strategy`` subscription."""

    def select(self, quotes: Sequence[Quote]) -> list[Quote]:
        """Return those of ``quotes`` that the rule picks, the strongest first."""


class VolumeWave:
    """Pick shares that rise on a volume well above their usual one."""

    name = "volume_wave"

    def __init__(
        self, instruments: Iterable[Instrument], least_volume_ratio: float = 1.5, least_rise_percent: float = 0.5
    ) -> None:
        self._usual_volume = {share.symbol: share.usual_volume for share in instruments if share.kind is Kind.SHARE}
        self._least_volume_ratio = least_volume_ratio
        self._least_rise_percent = least_rise_percent

    def select(self, quotes: Sequence[Quote]) -> list[Quote]:
        picked = [
            quote
            for quote in quotes
            if self._volume_ratio(quote) >= self._least_volume_ratio
            and change_percent(quote) >= self._least_rise_percent
        ]
        return sorted(picked, key=self._volume_ratio, reverse=True)

    def _volume_ratio(self, quote: Quote) -> float:
        """Return the day's volume over the usual one; 0.0 for an index or an unknown share."""
        usual = self._usual_volume.get(quote.symbol)
        return quote.volume / usual if usual else 0.0


STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in (VolumeWave(INSTRUMENTS),)}
"""Every strategy by name."""
