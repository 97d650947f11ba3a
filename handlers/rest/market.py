"""What the market says: strategies and their signals, stocks and their bars, and its state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import asdict

from handlers.base import ApiHandler
from handlers.operations import operation
from handlers.packing import packed, takes_gzip
from handlers.rest.answers import BarView, InstrumentView, MarketStatus, SignalView, StockView, StrategyView, WholeQuote
from server.auth.access import Access
from server.domain.bars import Bar, Period
from server.domain.quotes import shanghai_time
from server.domain.signals import Signal
from server.errors import ErrorCode, RequestError
from server.services.price_targets import Target
from server.services.signals import DaySignals

MAX_BARS = 1000
MAX_SYMBOLS = 200
_CLOSED = (ErrorCode.UNAUTHORIZED,)
"""Where prices are for members."""


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


class QuotesQuery(Struct):
    """The shares of a market, or the stocks of these symbols, with commas between them."""

    market: str = ""
    symbols: str = ""


class MarketHandler(ApiHandler):
    """Open to everyone, or to members where prices are."""

    access = Access.PUBLIC

    async def prepare(self) -> None:
        await super().prepare()
        if self.services.prices_require_auth and self.request.method != "OPTIONS" and not self._finished:
            await self.require_member()


class SignalsHandler(MarketHandler):
    @operation(
        query=SignalsQuery,
        answers={"strategy": str, "day": str | None, "count": int, "signals": list[SignalView]},
        errors=_CLOSED,
    )
    async def get(self, query: SignalsQuery) -> None:
        """Show the present signals of a strategy, the strongest first."""
        found = self.services.signals.present(query.strategy)
        rows = self._written(found)[: query.limit]
        day = None if found.day is None else found.day.isoformat()
        self.answer({"strategy": found.strategy, "day": day, "count": len(rows), "signals": rows})

    def _written(self, found: DaySignals) -> Sequence[Raw]:
        """Return all signals in the caller's language, written once for each until there are others."""
        language = self.language
        rows = found.written.get(language)
        if rows is None:
            rows = [Raw(msgspec.json.encode(self._shown(signal))) for signal in found.signals]
            found.written[language] = rows
        return rows

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
    @operation(answers={"strategies": list[StrategyView]}, errors=_CLOSED)
    async def get(self) -> None:
        """List the strategies."""
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
    @operation(query=StocksQuery, answers={"stocks": list[InstrumentView]}, errors=_CLOSED)
    async def get(self, query: StocksQuery) -> None:
        """Find stocks by the beginning of code, symbol or name."""
        self.answer({"stocks": self.services.stocks.search(query.query, query.limit)})


class StockHandler(MarketHandler):
    @operation(answers=StockView, errors=_CLOSED)
    async def get(self, code: str) -> None:
        """Show a stock with its present quote."""
        self.answer(self.services.stocks.show(code))


class BarsHandler(MarketHandler):
    @operation(query=BarsQuery, answers={"code": str, "period": Period, "bars": list[BarView]}, errors=_CLOSED)
    async def get(self, code: str, query: BarsQuery) -> None:
        """Show the newest bars of a stock."""
        instrument = self.services.stocks.find(code)
        bars = await self.services.bars.newest(instrument.symbol, query.period, min(query.limit, MAX_BARS))
        self.answer({"code": code, "period": query.period.value, "bars": [_shown_bar(bar) for bar in bars]})


class QuotesHandler(MarketHandler):
    """A market has thousands of quotes: 1.6 MB, of which gzip leaves a quarter."""

    @operation(
        query=QuotesQuery,
        answers={"quotes": list[WholeQuote]},
        errors=(*_CLOSED, ErrorCode.INVALID_INPUT),
        headers=("Accept-Encoding",),
    )
    async def get(self, query: QuotesQuery) -> None:
        """Show all that is known of the present quotes of a market, or of up to 200 symbols."""
        targets = self._targets(query)
        self.add_header("Vary", "Accept-Encoding")
        if not takes_gzip(self.request.headers.get("Accept-Encoding", "")):
            self.finish_body(await self._written(targets))
            return
        if query.market:
            name, state = (query.market, self.language), self.services.prices.pushes
            body = await self.services.packed_answers.packed(name, state, partial(self._written, targets))
        else:
            body = packed(await self._written(targets))
        self.set_header("Content-Encoding", "gzip")
        self.finish_body(body)

    def _targets(self, query: QuotesQuery) -> list[Target]:
        find = self.services.prices.targets.find
        if bool(query.market) == bool(query.symbols):
            raise RequestError(ErrorCode.INVALID_INPUT, "one of market and symbols has to be given")
        if query.market:
            return [find("market", query.market)]
        names = query.symbols.split(",")
        if len(names) > MAX_SYMBOLS:
            raise RequestError(ErrorCode.INVALID_INPUT, f"got {len(names)} symbols, at most {MAX_SYMBOLS} are allowed")
        return [find("stock", name.strip()) for name in names]

    async def _written(self, targets: Iterable[Target]) -> bytes:
        prices = self.services.prices
        symbols = [symbol for target in targets for symbol in prices.targets.symbols(target)]
        return msgspec.json.encode(self.envelope({"quotes": await prices.whole_quotes(symbols)}))


class MarketStatusHandler(MarketHandler):
    @operation(answers=MarketStatus, errors=_CLOSED)
    async def get(self) -> None:
        """Show the state of the market and of its source."""
        self.answer(self.services.market_status.present())


def _shown_bar(bar: Bar) -> dict[str, Any]:
    return {**asdict(bar), "time": shanghai_time(bar.time)}
