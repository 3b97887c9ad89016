"""Who is told of what: no action is forgotten, nobody is told what they did themselves."""

from types import SimpleNamespace

import pytest

from aftersales.actors import Role
from aftersales.lifecycle.table import State
from aftersales.lifecycles import ALL
from orders.lifecycle import ORDER
from orders.states import OrderState
from refunds.lifecycle import PAYOUT, TICKET
from refunds.notices import LIVES, SOURCES
from refunds.states import PayoutState, TicketState
from refunds.told import OWNERS, QUIET, TOLD, roles_told


def event(action, role=Role.SYSTEM):
    return SimpleNamespace(action=action, role=role)


def test_every_action_is_told_or_quiet_for_a_reason():
    actions = {(life.name, t.name) for life in ALL for t in life.transitions} | {(life.name, "begin") for life in ALL}
    decided = {entry[:2] for entry in TOLD} | set(QUIET)
    assert sorted(actions - decided) == []


def test_no_action_is_both_told_and_quiet():
    assert set(TOLD) & set(QUIET) == set()
    assert all(QUIET.values())


def test_every_life_is_announced():
    assert set(LIVES) == {life.name for life in ALL}
    assert [source.life for source in SOURCES] == list(LIVES.values())


@pytest.mark.parametrize(
    ("life", "action", "by", "told"),
    [
        ("order", "pay", Role.SYSTEM, {"seller"}),
        ("order", "extend", Role.SELLER, {"buyer"}),
        ("order", "extend", Role.BUYER, {"seller"}),
        ("order", "auto_receive", Role.SYSTEM, {"buyer", "seller"}),
        ("order", "expire", Role.SYSTEM, {"buyer"}),
        ("ticket", "begin", Role.BUYER, {"seller"}),
        ("ticket", "agree", Role.SELLER, {"buyer"}),
        ("ticket", "agree", Role.SYSTEM, {"buyer", "seller"}),
        ("ticket", "withdraw", Role.BUYER, {"seller"}),
        ("ticket", "withdraw", Role.SYSTEM, {"buyer", "seller"}),
        ("ticket", "confirm", Role.BUYER, {"seller"}),
        ("ticket", "succeed", Role.SYSTEM, {"buyer", "seller"}),
        ("payout", "refuse", Role.SYSTEM, {"operator"}),
        ("payout", "take_back", Role.SYSTEM, {"operator"}),
        ("payout", "send", Role.SYSTEM, set()),
        ("dispute", "hand_over", Role.CS, {"cs"}),
        ("dispute", "assign", Role.CS, {"cs"}),
        ("dispute", "begin", Role.BUYER, {"seller", "cs"}),
    ],
)
def test_the_one_concerned_is_told(life, action, by, told):
    assert {str(role) for role in roles_told(life, event(action, by), TicketState.REFUNDING)} == told


def test_where_it_led_decides_before_the_action():
    assert roles_told("dispute", event("rule", Role.CS), State("confirmation", "", "grey")) == (Role.CS,)
    assert roles_told("dispute", event("rule", Role.CS), State("ruled", "", "grey")) == (Role.BUYER, Role.SELLER)


@pytest.mark.parametrize("life", [ORDER, TICKET, PAYOUT], ids=str)
def test_a_reminder_goes_to_whose_queue_it_is(life):
    for state in life.states.all():
        expected = OWNERS[state.owner] if state.owner else ()
        assert roles_told(life.name, event("remind"), state) == expected
    assert roles_told("order", event("remind"), OrderState.AWAITING_PAYMENT) == (Role.BUYER,)
    assert roles_told("payout", event("remind"), PayoutState.SENT) == ()
