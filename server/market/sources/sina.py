"""Sina's quote endpoint: ``var hq_str_sh600519="name,open,…";``, fields split by commas, volumes in shares."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from server.domain.quotes import SHANGHAI
from server.market.sources.http import QuoteEndpoint
from server.market.sources.records import Record, number


class SinaSource(QuoteEndpoint):
    """Up to 800 codes a request, and only with a Referer of its own pages; an unknown code gives an empty line."""

    name = "sina"
    public_url = "http://hq.sinajs.cn"
    batch_size = 800
    headers = {"Referer": "http://finance.sina.com.cn/"}  # noqa: RUF012 - a ClassVar in the base
    assignment = re.compile(r'var hq_str_((?:sh|sz|bj)\d{6})="([^"]*)";')

    def url(self, codes: Collection[str]) -> str:
        return "/list=" + ",".join(codes)

    def record(self, symbol: str, line: str) -> Record:
        fields = line.split(",")
        return Record(
            symbol=symbol,
            name=fields[0],
            open=number(fields[1]),
            previous_close=number(fields[2]),
            price=number(fields[3]),
            high=number(fields[4]),
            low=number(fields[5]),
            best_bid=number(fields[6]),
            best_ask=number(fields[7]),
            volume=round(number(fields[8])),
            amount=number(fields[9]),
            time=datetime.strptime(f"{fields[30]} {fields[31]}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI),
        )
