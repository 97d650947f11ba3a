"""The queries of `MessageSearch`: one conversation of a thousand messages by fifty members."""

from __future__ import annotations

from datetime import UTC, datetime

from server.domain.messages import Search
from server.domain.search_terms import query_of, terms_of
from server.storage.documents import Document
from server.storage.message_search import MessageSearch
from tests.support.plans import Fault, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
CONTENTS = ("贵州茅台涨停", "NVDA earnings", "今天大盘不错", "hello again")


def document(seq: int) -> Document:
    """Return a message as it is stored."""
    content = f"{CONTENTS[seq % 4]} {seq}"
    return {
        "_id": f"found{seq}",
        "conversation_id": "group",
        "seq": seq,
        "sender_id": f"member{seq % 50}",
        "type": "stock" if seq % 50 == 0 else "text",
        "content": content,
        "created_at": NOW,
        "terms": terms_of(content),
    }


DOCUMENTS = {"messages": [document(seq) for seq in range(1, 1001)]}

ANYTHING = Search()

ROWS = (
    row(MessageSearch.find, "group", ANYTHING, query_of("茅台"), 51),
    row(MessageSearch.find, "group", ANYTHING, query_of("贵州茅台"), 51),
    row(MessageSearch.find, "group", ANYTHING, query_of("10"), 51).excused(
        Fault.SORTS, "the beginning of a word stands for many terms; the newest 250 are kept"
    ),
    row(MessageSearch.find, "group", Search(before_seq=500), query_of("贵"), 51).excused(
        Fault.SORTS, "one character begins many terms"
    ),
    row(MessageSearch.find, "group", Search(sender_id="member7"), None, 51),
    row(MessageSearch.find, "group", Search(type="stock"), None, 51),
    row(MessageSearch.find, "group", Search(after_seq=900), None, 51),
)
