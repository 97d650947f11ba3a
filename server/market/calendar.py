"""When the exchanges trade: their days, the phases of a day, and how much of a day is over."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec

from server.domain.quotes import SHANGHAI
from server.market.hours import DEFAULT_TRADING_HOURS, Session, parse_trading_hours, seconds_of_day

HOLIDAYS_FOLDER = Path(__file__).resolve().parent.parent.parent / "conf" / "holidays"
_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_SATURDAY = 5
_MONTH_OF_NEXT_YEAR_S_FILE = 12
_LONGEST_CLOSURE_DAYS = 60
_CALL_AUCTION_BEFORE_OPEN = (15 * 60, 5 * 60)
_CLOSING_AUCTION_SECONDS = 3 * 60

logger = logging.getLogger(__name__)


class Phase(Enum):
    """What the exchanges do at a moment."""

    HOLIDAY = "holiday"
    CLOSED = "closed"
    PRE_OPEN = "pre_open"
    MATCHED = "matched"  # between the call auction and the open: its price is known, nothing trades
    MORNING = "morning"
    LUNCH = "lunch"
    AFTERNOON = "afternoon"
    CLOSING_AUCTION = "closing_auction"

    @property
    def is_trading(self) -> bool:
        return self in {Phase.MORNING, Phase.AFTERNOON, Phase.CLOSING_AUCTION}


class TradingTime(Protocol):
    """What a simulation and a schedule ask: which days trade, and how far a day is."""

    def is_trading_day(self, day: date) -> bool: ...

    def progress(self, moment: datetime) -> float:
        """Return the part of the day's trading that is over, 0.0 to 1.0."""

    def moment_at(self, day: date, progress: float) -> datetime:
        """Return when on ``day`` that part is over."""


class AroundTheClock:
    """Every day is a trading day of 24 hours: development at any hour."""

    def is_trading_day(self, day: date) -> bool:
        return True

    def progress(self, moment: datetime) -> float:
        return seconds_of_day(moment.astimezone(SHANGHAI).time()) / _DAY_SECONDS

    def moment_at(self, day: date, progress: float) -> datetime:
        return _midnight(day) + timedelta(seconds=round(progress * _DAY_SECONDS))


class _Closures(msgspec.Struct, forbid_unknown_fields=True):
    """One year's file: the weekdays without trading. A weekend never trades, not even a make-up working day."""

    closed: list[date]


class TradingCalendar:
    """The trading days and hours of Shanghai, Shenzhen and Beijing, which are the same."""

    def __init__(
        self, folder: Path = HOLIDAYS_FOLDER, sessions: Sequence[Session] = parse_trading_hours(DEFAULT_TRADING_HOURS)
    ) -> None:
        self.sessions = tuple(sessions)
        self._folder = folder
        self._closed: dict[int, frozenset[date]] = {}
        self._missing: set[int] = set()
        self._seconds = sum(session.seconds for session in self.sessions)

    @property
    def missing_years(self) -> list[int]:
        """The years somebody asked for whose holidays are not known; /health shows them."""
        return sorted(self._missing)

    def read_anew(self) -> None:
        """Forget what was read: files may be added and corrected while the server runs."""
        self._closed.clear()
        self._missing.clear()

    def look_ahead(self, today: date) -> None:
        """Read the holidays of this year, and in December of the next; a missing file is warned of."""
        self._closures(today.year)
        if today.month == _MONTH_OF_NEXT_YEAR_S_FILE:
            self._closures(today.year + 1)

    def is_trading_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and day not in self._closures(day.year)

    def previous_trading_day(self, day: date) -> date:
        """Return the last trading day before ``day``."""
        return self._seek(day, -_DAY)

    def next_trading_day(self, day: date) -> date:
        """Return the first trading day after ``day``."""
        return self._seek(day, _DAY)

    def phase(self, moment: datetime) -> Phase:
        local = moment.astimezone(SHANGHAI)
        if not self.is_trading_day(local.date()):
            return Phase.HOLIDAY
        second = seconds_of_day(local.time())
        opens, closes = seconds_of_day(self.sessions[0].start), seconds_of_day(self.sessions[-1].end)
        if not opens <= second < closes:
            return _phase_outside(second - opens)
        if second >= closes - _CLOSING_AUCTION_SECONDS:
            return Phase.CLOSING_AUCTION
        if not any(session.start <= local.time() < session.end for session in self.sessions):
            return Phase.LUNCH
        return Phase.MORNING if local.hour < 12 else Phase.AFTERNOON

    def is_open(self, moment: datetime) -> bool:
        """Tell whether trades can happen at ``moment``."""
        return self.phase(moment).is_trading

    def next_open(self, moment: datetime) -> datetime:
        """Return when the next session begins, after ``moment``."""
        return next(start for start, _ in self.sessions_from(moment) if start > moment)

    def next_change(self, moment: datetime) -> tuple[Phase, datetime]:
        """Return the next phase of a trading day and when it begins; that a holiday begins or ends is none."""
        now, day = self.phase(moment), moment.astimezone(SHANGHAI).date()
        while True:
            for begins in self._changes(day) if self.is_trading_day(day) else ():
                if begins > moment and self.phase(begins) is not now:
                    return self.phase(begins), begins
            day = self.next_trading_day(day)

    def _changes(self, day: date) -> list[datetime]:
        """Return the moments of a trading day at which a phase may begin."""
        opens, closes = _at(day, self.sessions[0].start), _at(day, self.sessions[-1].end)
        auctions = [opens - timedelta(seconds=seconds) for seconds in _CALL_AUCTION_BEFORE_OPEN]
        inner = [_at(day, moment) for session in self.sessions for moment in session]
        return sorted([*auctions, *inner, _at(day, time(12)), closes - timedelta(seconds=_CLOSING_AUCTION_SECONDS)])

    def sessions_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield start and end of every session from the day of ``moment`` on."""
        day = moment.astimezone(SHANGHAI).date()
        while True:
            if self.is_trading_day(day):
                for session in self.sessions:
                    yield _at(day, session.start), _at(day, session.end)
            day = self.next_trading_day(day)

    def progress(self, moment: datetime) -> float:
        local = moment.astimezone(SHANGHAI)
        second = seconds_of_day(local.time())
        done = (
            min(max(second - seconds_of_day(start), 0), seconds_of_day(end) - seconds_of_day(start))
            for start, end in self.sessions
        )
        return sum(done) / self._seconds if self.is_trading_day(local.date()) else 1.0

    def moment_at(self, day: date, progress: float) -> datetime:
        seconds = round(progress * self._seconds)
        for session in self.sessions:
            if seconds <= session.seconds:
                return _at(day, session.start) + timedelta(seconds=seconds)
            seconds -= session.seconds
        return _at(day, self.sessions[-1].end)

    def _seek(self, day: date, step: timedelta) -> date:
        for _ in range(_LONGEST_CLOSURE_DAYS):
            day += step
            if self.is_trading_day(day):
                return day
        raise ValueError(f"no trading day within {_LONGEST_CLOSURE_DAYS} days of {day}: look at {self._folder}")

    def _closures(self, year: int) -> frozenset[date]:
        if year not in self._closed:
            self._closed[year] = self._read(year)
        return self._closed[year]

    def _read(self, year: int) -> frozenset[date]:
        path = self._folder / f"{year}.json"
        try:
            return frozenset(msgspec.json.decode(path.read_bytes(), type=_Closures).closed)
        except (OSError, msgspec.DecodeError) as error:  # a ValidationError is a DecodeError
            self._missing.add(year)
            logger.warning(
                "NO HOLIDAYS ARE KNOWN FOR %d, every weekday counts as a trading day: write %s (%s)", year, path, error
            )
            return frozenset()


def _phase_outside(seconds_after_open: int) -> Phase:
    """Return the phase before the open or after the close."""
    auction_starts, auction_ends = (-seconds for seconds in _CALL_AUCTION_BEFORE_OPEN)
    if auction_starts <= seconds_after_open < auction_ends:
        return Phase.PRE_OPEN
    return Phase.MATCHED if auction_ends <= seconds_after_open < 0 else Phase.CLOSED


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, SHANGHAI)
