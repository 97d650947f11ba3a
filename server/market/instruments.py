"""The shares and indices this server knows, how codes and symbols are read, and each kind's rules of trading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import Enum

import msgspec

from server.market.quotes import FINE_TICK, TICK

# Longer prefixes first where one begins another: 92 is Beijing's, every other 9 Shanghai's.
_MARKET_PREFIXES = (
    ("BJ", ("43", "83", "87", "92")),
    ("SH", ("5", "6", "9", "110", "113", "118", "132", "204")),
)
_INDEX_PREFIXES = {"SH": "000", "SZ": "399", "BJ": "899"}
_FUND_PREFIXES = {"SH": ("5",), "SZ": ("15", "16", "18"), "BJ": ()}
_BOND_PREFIXES = {"SH": ("11", "132", "204"), "SZ": ("11", "12"), "BJ": ()}
_TWENTY_PERCENT_BOARDS = ("300", "301", "302", "688", "689")
_ST_PREFIXES = ("ST", "*ST", "S*ST", "SST")
_CODE_DIGITS = 6


class Market(Enum):
    """The three exchanges of the mainland."""

    SH = "SH"
    SZ = "SZ"
    BJ = "BJ"


class Kind(Enum):
    """What an instrument is; it decides how clients address it."""

    SHARE = "share"
    INDEX = "index"
    FUND = "fund"
    BOND = "bond"


def symbol_of_code(code: str) -> str:
    """Return the symbol of six bare digits, which name a share, a fund or a bond, but never an index.

    Raises:
        ValueError: not six digits.
    """
    if not (len(code) == _CODE_DIGITS and code.isascii() and code.isdigit()):
        raise ValueError(f"got {code!r}; a code has six digits, such as 600519")
    for market, prefixes in _MARKET_PREFIXES:
        if code.startswith(prefixes):
            return f"{code}.{market}"
    return f"{code}.{Market.SZ.value}"


def read_symbol(text: str) -> str:
    """Return the symbol of ``600519.SH``, ``sh600519`` or ``600519``.

    Raises:
        ValueError: it is none of these.
    """
    code, dot, market = text.strip().partition(".")
    if not dot and code[:2].upper() in _INDEX_PREFIXES:
        code, market = code[2:], code[:2]
    symbol = symbol_of_code(code)
    if not market and not dot:
        return symbol
    if market.upper() not in _INDEX_PREFIXES:
        raise ValueError(f"got {text!r}; the market is SH, SZ or BJ, as in 600519.SH")
    return f"{code}.{market.upper()}"


def prefixed_code(symbol: str) -> str:
    """Return ``sh600519`` for ``600519.SH``, as the quote endpoints call it."""
    code, _, market = symbol.partition(".")
    return market.lower() + code


def kind_of(symbol: str) -> Kind:
    """Tell what a symbol names: ``000001.SH`` is an index, ``000001.SZ`` a bank."""
    code, _, market = symbol.partition(".")
    if code.startswith(_INDEX_PREFIXES[market]):
        return Kind.INDEX
    if code.startswith(_FUND_PREFIXES[market]):
        return Kind.FUND
    return Kind.BOND if code.startswith(_BOND_PREFIXES[market]) else Kind.SHARE


def tick_of(kind: Kind) -> Decimal:
    """Return the smallest step of a price."""
    return FINE_TICK if kind is Kind.FUND or kind is Kind.BOND else TICK


def daily_limit_percent(symbol: str, name: str) -> int | None:
    """Return how far a day's price may leave the previous close; None for an index or a bond.

    A share under special treatment (ST) says so in its name; on the boards with wider limits that changes nothing.
    """
    kind = kind_of(symbol)
    if kind is Kind.INDEX or kind is Kind.BOND:
        return None
    if symbol.endswith(Market.BJ.value):
        return 30
    if symbol.startswith(_TWENTY_PERCENT_BOARDS):
        return 20
    return 5 if kind is Kind.SHARE and name.startswith(_ST_PREFIXES) else 10


class Instrument(msgspec.Struct, frozen=True):
    """A share or an index. ``usual_volume`` is an ordinary day's, in shares; ``base_price`` starts simulations."""

    symbol: str
    name: str
    base_price: float
    usual_volume: int
    kind: Kind = Kind.SHARE

    @property
    def code(self) -> str:
        return self.symbol.partition(".")[0]

    @property
    def market(self) -> Market:
        return Market(self.symbol.partition(".")[2])

    @property
    def tick(self) -> Decimal:
        return tick_of(self.kind)

    @property
    def daily_limit_percent(self) -> int | None:
        """Return how far a day's price may leave the previous close; None for an index."""
        return None if self.kind is Kind.INDEX else daily_limit_percent(self.symbol, self.name)


class InstrumentTable:
    """Every instrument, in listing order, found by what a client calls it."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._by_symbol = {instrument.symbol: instrument for instrument in instruments}
        self._by_code = {share.code: share for share in self if share.kind is Kind.SHARE}

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._by_symbol.values())

    def __len__(self) -> int:
        return len(self._by_symbol)

    def find(self, target: str) -> Instrument | None:
        """Return what a six-digit code (always a share) or a symbol such as ``000001.SH`` names."""
        return self._by_code.get(target) or self._by_symbol.get(target)


_SHARES = (
    ("600519.SH", "贵州茅台", 1460.00, 3_200_000),
    ("601318.SH", "中国平安", 55.80, 58_000_000),
    ("600036.SH", "招商银行", 43.20, 62_000_000),
    ("601398.SH", "工商银行", 7.45, 290_000_000),
    ("601857.SH", "中国石油", 8.90, 150_000_000),
    ("600900.SH", "长江电力", 28.10, 75_000_000),
    ("601012.SH", "隆基绿能", 17.60, 130_000_000),
    ("600276.SH", "恒瑞医药", 63.50, 38_000_000),
    ("600030.SH", "中信证券", 28.40, 120_000_000),
    ("601888.SH", "中国中免", 72.30, 26_000_000),
    ("603259.SH", "药明康德", 92.60, 45_000_000),
    ("600887.SH", "伊利股份", 28.70, 52_000_000),
    ("601899.SH", "紫金矿业", 29.80, 210_000_000),
    ("688981.SH", "中芯国际", 118.50, 48_000_000),
    ("688111.SH", "金山办公", 305.00, 6_500_000),
    ("000001.SZ", "平安银行", 11.60, 95_000_000),
    ("000002.SZ", "万科A", 6.40, 180_000_000),
    ("000333.SZ", "美的集团", 76.40, 30_000_000),
    ("000651.SZ", "格力电器", 40.60, 34_000_000),
    ("000858.SZ", "五粮液", 118.20, 22_000_000),
    ("002415.SZ", "海康威视", 31.40, 48_000_000),
    ("002475.SZ", "立讯精密", 58.90, 98_000_000),
    ("002594.SZ", "比亚迪", 99.70, 42_000_000),
    ("300059.SZ", "东方财富", 24.30, 320_000_000),
    ("300750.SZ", "宁德时代", 375.00, 24_000_000),
    ("300760.SZ", "迈瑞医疗", 208.00, 7_800_000),
    ("920185.BJ", "贝特瑞", 32.50, 14_000_000),
    ("920982.BJ", "锦波生物", 242.00, 1_600_000),
    ("920047.BJ", "诺思兰德", 21.80, 5_200_000),
    ("920002.BJ", "万达轴承", 96.40, 1_900_000),
)

_INDICES = (
    ("000001.SH", "上证指数", 3850.00, 52_000_000_000),
    ("000300.SH", "沪深300", 4560.00, 21_000_000_000),
    ("399001.SZ", "深证成指", 12900.00, 63_000_000_000),
    ("399006.SZ", "创业板指", 3050.00, 19_000_000_000),
    ("899050.BJ", "北证50", 1480.00, 1_100_000_000),
)

INSTRUMENTS = InstrumentTable(
    [*(Instrument(*row) for row in _SHARES), *(Instrument(*row, kind=Kind.INDEX) for row in _INDICES)]
)
"""The built-in table: about 30 well-known shares and the headline indices."""
