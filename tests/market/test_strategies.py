from __future__ import annotations

from datetime import UTC, datetime

from server.domain.quotes import Quote
from server.market.instruments import Instrument, Kind
from server.market.strategies import STRATEGIES, VolumeWave

NAMES = ("600519.SH", "000001.SZ", "300750.SZ")
SHARES = [Instrument(symbol, symbol, 10.0, 1_000_000) for symbol in NAMES]
INDEX = Instrument("000001.SH", "index", 3000.0, 1_000_000, Kind.INDEX)


def quote(symbol: str, price: float, volume: int) -> Quote:
    return Quote(
        symbol=symbol,
        name=symbol,
        price=price,
        previous_close=10.0,
        volume=volume,
        timestamp=datetime(2026, 1, 5, tzinfo=UTC),
    )


def picked(*quotes: Quote) -> list[str]:
    return [quote.symbol for quote in VolumeWave([*SHARES, INDEX]).select(quotes)]


def test_volume_wave_picks_a_rise_on_a_volume_well_above_the_usual() -> None:
    assert picked(quote("600519.SH", 10.05, 1_500_000)) == ["600519.SH"]


def test_volume_wave_wants_both() -> None:
    assert picked(quote("600519.SH", 9.5, 3_000_000), quote("000001.SZ", 10.5, 1_400_000)) == []
    assert picked(quote("600519.SH", 10.04, 3_000_000)) == []


def test_volume_wave_puts_the_largest_surge_first() -> None:
    waves = [quote("600519.SH", 10.5, 1_600_000), quote("300750.SZ", 10.5, 2_600_000)]
    assert picked(*waves) == ["300750.SZ", "600519.SH"]


def test_volume_wave_knows_no_index_and_no_stranger() -> None:
    assert picked(quote("000001.SH", 11.0, 9_000_000), quote("601318.SH", 11.0, 9_000_000)) == []


def test_strategies_are_found_by_name() -> None:
    assert STRATEGIES["volume_wave"].name == "volume_wave"
