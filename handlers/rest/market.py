"""What the market says: strategies and their signals, stocks and their bars, and its state."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.bars import Bar, Period
from server.domain.quotes import shanghai_time
from server.domain.signals import Signal

MAX_BARS = 1000


class SignalsQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    strategy: str = "volume_wave"
    limit: Annotated[int, Meta(ge=1)] = 50


class StocksQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    query: str = ""
    limit: Annotated[int, Meta(ge=1)] = 20


class BarsQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    period: Period = Period.DAY
    limit: Annotated[int, Meta(ge=1)] = 250


class MarketHandler(ApiHandler):
    """Open to everyone, or to members where prices are."""

    access = Access.PUBLIC

    async def prepare(self) -> None:
        await super().prepare()
        if self.services.prices_require_auth and self.request.method != "OPTIONS" and not self._finished:
            await self.require_member()


class SignalsHandler(MarketHandler):
    async def get(self) -> None:
        query = self.query(SignalsQuery)
        found = self.services.signals.present(query.strategy, query.limit)
        self.answer(
            {
                "strategy": found.strategy,
                "day": None if found.day is None else found.day.isoformat(),
                "count": len(found.signals),
                "signals": [self._shown(signal) for signal in found.signals],
            }
        )

    def _shown(self, signal: Signal) -> dict[str, Any]:
        return {
            "code": signal.code,
            "symbol": signal.symbol,
            "name": signal.name,
            "signal": signal.signal,
            "score": signal.score,
            "reason": self.text(signal.reason_key, **signal.reason_values),
            "price": signal.price,
            "day": signal.day.isoformat(),
        }


class StrategiesHandler(MarketHandler):
    async def get(self) -> None:
        signals = self.services.signals
        self.answer(
            {
                "strategies": [
                    {
                        "name": name,
                        "title": self.text(f"strategies.{name}.title"),
                        "description": self.text(f"strategies.{name}.description"),
                        "count": signals.count(name),
                    }
                    for name in signals.strategies
                ]
            }
        )


class StocksHandler(MarketHandler):
    async def get(self) -> None:
        query = self.query(StocksQuery)
        self.answer({"stocks": self.services.stocks.search(query.query, query.limit)})


class StockHandler(MarketHandler):
    async def get(self, code: str) -> None:
        self.answer(self.services.stocks.show(code))


class BarsHandler(MarketHandler):
    async def get(self, code: str) -> None:
        instrument = self.services.stocks.find(code)
        query = self.query(BarsQuery)
        bars = await self.services.bars.newest(instrument.symbol, query.period, min(query.limit, MAX_BARS))
        self.answer({"code": code, "period": query.period.value, "bars": [_shown_bar(bar) for bar in bars]})


class MarketStatusHandler(MarketHandler):
    async def get(self) -> None:
        self.answer(self.services.market_status.present())


def _shown_bar(bar: Bar) -> dict[str, Any]:
    return {**asdict(bar), "time": shanghai_time(bar.time)}
