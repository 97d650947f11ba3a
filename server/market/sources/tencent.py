"""Tencent's quote endpoint: ``v_sh600519="1~name~600519~price~…";``, fields split by ``~``, volumes in lots."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from server.domain.quotes import SHANGHAI
from server.market.sources.http import QuoteEndpoint
from server.market.sources.records import Record, number

_LOT = 100
_AMOUNT_UNIT = 10_000
_LEAST_FIELDS = 49  # funds end after the limits, with 50


class TencentSource(QuoteEndpoint):
    """Up to 60 codes a request, no header needed."""

    name = "tencent"
    public_url = "http://qt.gtimg.cn"
    batch_size = 60
    assignment = re.compile(r'v_((?:sh|sz|bj)\d{6})="([^"]*)";')

    def url(self, codes: Collection[str]) -> str:
        return "/q=" + ",".join(codes)

    def record(self, symbol: str, line: str) -> Record:
        fields = line.split("~")
        if len(fields) < _LEAST_FIELDS:
            raise ValueError(f"got {len(fields)} fields, at least {_LEAST_FIELDS} are expected")
        return Record(
            symbol=symbol,
            name=fields[1],
            price=number(fields[3]),
            previous_close=number(fields[4]),
            open=number(fields[5]),
            high=number(fields[33]),
            low=number(fields[34]),
            volume=round(number(fields[6]) * _LOT),
            amount=_amount(fields),
            best_bid=number(fields[9]),
            best_ask=number(fields[19]),
            time=datetime.strptime(fields[30], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI),
            limit_up=number(fields[47]),
            limit_down=number(fields[48]),
        )


def _amount(fields: list[str]) -> float:
    """Return the amount in CNY: exact from ``price/volume/amount``, else from the field in units of 10,000."""
    return number(fields[35].rpartition("/")[2]) or number(fields[37]) * _AMOUNT_UNIT
