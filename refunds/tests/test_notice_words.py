"""Every notice that can be written can be read: by whoever is told, in every state, for every kind."""

import pytest
from django.utils import timezone, translation

from refunds import notice_words
from refunds.models import Notice
from refunds.notices import LIVES
from refunds.states import Kind
from refunds.told import OWNERS, REMIND, TOLD

CASES = sorted(
    {
        (life.name, t.name, str(t.target or source))
        for life in LIVES.values()
        for t in life.transitions
        for source in t.sources
        if (life.name, t.name) in TOLD
    }
    | {
        (life.name, REMIND, str(state))
        for life in LIVES.values()
        for state in life.states.all()
        if state.clock and state.owner and OWNERS[state.owner]
    }
)


def notice(life, action, state, **more):
    return Notice(life=life, action=action, state=state, number="N1", due_at=timezone.now(), **more)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("life", "action", "state"), CASES)
def test_every_notice_has_words(life, action, state, language):
    is_timed = bool(LIVES[life].state(state).clock)
    with translation.override(language):
        for kind in Kind.values if life == "ticket" else ("",):
            told = notice(life, action, state, kind=kind)
            assert "N1" in notice_words.subject(told)
            assert all(notice_words.sentences(told))
            assert bool(notice_words.consequence(told)) == is_timed


def test_a_reminder_says_what_waits():
    told = notice("ticket", REMIND, "awaiting_seller", kind="return_refund")
    assert notice_words.subject(told) == "Reminder: Ticket N1, Awaiting the seller"
    assert notice_words.consequence(told).startswith("If the seller does not answer by then, the return is agreed")


def test_without_a_clock_nothing_is_threatened():
    told = Notice(life="order", action="ship", state="awaiting_receipt", number="O1", due_at=None)
    assert (notice_words.until(told), notice_words.consequence(told)) == ("", "")
    assert notice_words.sentences(told) == ["A parcel is on its way to the buyer."]


def test_what_has_no_words_of_its_own_is_told_by_its_state():
    told = Notice(life="order", action="rest_cancelled", state="awaiting_receipt", number="O1")
    assert notice_words.subject(told) == "Order O1: Awaiting receipt"


def test_buyers_are_told_of_themselves_not_of_a_buyer():
    sent = notice("ticket", "send_back", "awaiting_buyer_receipt", kind="repair", role="buyer")
    late = notice("dispute", "ask", "review", role="buyer")
    assert notice_words.subject(sent) == "Ticket N1: Goods sent back to you"
    assert notice_words.consequence(late).endswith("You need not do anything.")
    late.role = "seller"
    assert "another agent may take it" in notice_words.consequence(late)
