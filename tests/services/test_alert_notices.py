"""What users are told of alerts that fired: each in their own language."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.domain.alerts import AlertKind
from server.domain.known_texts import KnownText
from server.domain.users import ProfileChange
from server.services.alert_watch import AlertWatch
from server.services.alerts import AlertService
from server.services.notifications import Notice
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community
from tests.support.leftovers import ErrorLog
from tests.support.quoting import quote

ABOVE, BELOW, PERCENT = AlertKind.ABOVE, AlertKind.BELOW, AlertKind.CHANGE_PERCENT
MAOTAI = "600519.SH"


class RecordingAnnouncer:
    """An `Announcer` that keeps what it is given, or fails."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.failure: Exception | None = None

    async def announce(self, notices: Sequence[Notice]) -> int:
        if self.failure is not None:
            raise self.failure
        self.notices += notices
        return len(notices)


@pytest.mark.gen_test
async def test_a_notification_says_what_happened(database: Database, logged_errors: ErrorLog) -> None:
    publisher, announcer = RecordingPublisher(), RecordingAnnouncer()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alerts, clock = community.stores.alerts, community.clock
    watch = AlertWatch(alerts, community.stocks, publisher, clock, community.texts.text, announcer)
    service = AlertService(alerts, watch, community.stocks, clock)
    await service.create(alice, MAOTAI, ABOVE, 105.0)
    await service.create(alice, MAOTAI, BELOW, 95.0)
    await service.create(alice, MAOTAI, PERCENT, -7.5)
    for price in (105.5, 94.0, 90.0):
        watch.take([quote(MAOTAI, price)])
        await watch.settle()
    assert [notice.user_id for notice in announcer.notices] == [alice.user_id] * 3
    assert [notice.words("en")[:2] for notice in announcer.notices] == [
        ("贵州茅台 has reached 105.00", "Now at 105.50 (+5.50%)"),
        ("贵州茅台 is down to 95.00", "Now at 94.00 (-6.00%)"),
        ("贵州茅台 has changed by -10.00%", "Now at 90.00; the alert was set to -7.50%"),
    ]
    assert announcer.notices[0].words("zh-TW").text == KnownText(
        "notices.alert_above", {"name": "贵州茅台", "price": "105.50", "percent": "+5.50%", "value": "105.00"}
    )
    assert {(one.type, one.link, one.source) for one in announcer.notices} == {
        ("price_alert", f"/#/market/{MAOTAI}", "alerts")
    }
    announcer.failure = RuntimeError("no room")
    community.quotes.clear()
    await service.create(alice, MAOTAI, ABOVE, 200.0)
    await service.create(alice, MAOTAI, ABOVE, 201.0)
    watch.take([quote(MAOTAI, 201.0)])
    await watch.settle()
    assert len(publisher.of("alert_fired")) == 5
    assert len(logged_errors.pop_all()) == 2


@pytest.mark.gen_test
async def test_a_notification_is_in_its_user_s_language(database: Database) -> None:
    community = Community(database, FakeClock(), RecordingPublisher(), notifies=True)
    alice, bob = await community.member("alice"), await community.member("bob")
    await community.users.update(bob.user_id, ProfileChange(locale="zh-TW"))
    for member in (alice, bob):
        await community.alerts.create(member, MAOTAI, ABOVE, 105.0)
    community.watch.take([quote(MAOTAI, 106.0)])
    await community.watch.settle()
    for member, title in ((alice, "贵州茅台 has reached 105.00"), (bob, "贵州茅台已達到 105.00")):
        [told] = (await community.notifications.page(member, None, None, None, 10)).notifications
        assert (told.type, told.title) == ("price_alert", title)
