"""After-sale tickets by the million, for what is measured: written in sets, straight into the tables.

`seed(tickets)` fills an empty, migrated database; `filled(tickets)` makes one of its own beside the configured one and
drops it afterwards (BENCH_KEEP=1 keeps it for the next run). What is written obeys every CHECK; triggers and foreign
keys are not asked, which takes the greater part of the time. The same number gives the same rows.

Shop 1 has three of every ten tickets, the other shops share the rest evenly. One in eight tickets is open. Tickets are
the last year's, open ones of the last ten days. `n` numbers the tickets from 1 and is also the key of the order, its
line, its payment, the ticket and the ticket's line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import Model
from django.test.utils import setup_databases, teardown_databases

from aftersales.models import User
from orders.models import Order, OrderLine, Payment, Policy, Product, Shipment, Shop, ShopStaff, Sku
from orders.states import ShopRole
from refunds.models import (
    AutoDecision,
    AutoRule,
    Dispute,
    Payout,
    PayoutLine,
    Reason,
    ReturnParcel,
    Ruling,
    Ticket,
    TicketEvent,
    TicketLine,
)

TICKETS, SHOPS, AGENTS = 1_000_000, 2000, 20
BIG_SHOP, BIG_SHARE = 1, 3
PRODUCTS, BIG_PRODUCTS = 10, 1000
TICKETS_A_BUYER = 5
# People's keys: the buyers come first, then customer service, then each shop's owner, then two more of the big shop.
WORDS = "{Kettle 水壶,Teapot 茶壶,Mug 马克杯,Lamp 台灯,Chair 椅子,Noodles 面条,Blanket 毯子,Bicycle 自行车}"
COLOURS = "{red 红,blue 蓝,green 绿,white 白,black 黑}"
# Of a thousand tickets, how many are in which state, open ones first; the rest is closed.
STATES = {
    "awaiting_seller": 50, "awaiting_buyer": 10, "rejected": 10, "awaiting_return": 20, "awaiting_inspection": 15,
    "inspection_failed": 2, "awaiting_dispatch": 8, "awaiting_buyer_receipt": 6, "arbitration": 3, "refunding": 2,
    "succeeded": 700,
}  # fmt: skip
UNTIMED = "'arbitration', 'refunding', 'succeeded', 'closed'"


def dice(salt: int, sides: int, of: str = "n") -> str:
    """SQL: a number from 0 to sides - 1 that follows from `of`."""
    return f"((hashint8extended(({of})::bigint, {salt}) & 2147483647) % {sides})"


def state_of(die: str) -> str:
    """SQL: the state of a die with 1000 sides."""
    cases, most = [], 0
    for state, number in STATES.items():
        most += number
        cases.append(f"WHEN {die} < {most} THEN '{state}'")
    return f"CASE {' '.join(cases)} ELSE 'closed' END"


def put(model: type[Model], source: str, columns: Mapping[str, str]) -> None:
    """INSERT … SELECT: SQL by column, every other column as Django would fill it."""
    values: dict[str | None, str] = {name: sql.replace("%", "%%") for name, sql in columns.items()}
    parameters: list[Any] = []
    for field in model._meta.local_concrete_fields:
        if field.column in values or field.primary_key or field.generated or field.has_db_default():
            continue
        values[field.column] = "%s"
        parameters.append(field.get_db_prep_save(field.get_default(), connection))
    table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in values)
    rows = f"SELECT {', '.join(values.values())} FROM {source.replace('%', '%%')}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) {rows}", parameters)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def seed(tickets: int = TICKETS) -> None:
    """Fill an empty database with so many tickets and everything they hang on."""
    with transaction.atomic():
        run("SET LOCAL session_replication_role = replica")
        run("SET LOCAL synchronous_commit = off")
        _people(tickets // TICKETS_A_BUYER)
        _goods()
        _plan(tickets)
        _orders()
        _tickets()
        _events()
        _money()
        _disputes(tickets // TICKETS_A_BUYER)
        for model in (User, Shop, Product, Sku, Order, OrderLine, Payment, Ticket, TicketLine, Dispute, Payout):
            table = model._meta.db_table
            run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    run("VACUUM ANALYZE")


def _people(buyers: int) -> None:
    password = make_password(None)
    people = {"password": f"'{password}'", "date_joined": "now()", "language": "'en'"}
    name = f"(ARRAY['Wang 王', 'Li 李', 'Zhang 张', 'Smith', 'Jones'])[1 + {dice(1, 5)}] || ' ' || n"
    put(User, f"generate_series(1, {buyers}) n", people | {"id": "n", "email": "'buyer' || n || '@example.com'",
                                                           "name": name})  # fmt: skip
    staff = people | {"is_staff": "TRUE"}
    service = {"id": f"{buyers} + n", "email": "'agent' || n || '@example.com'", "is_customer_service": "TRUE"}
    put(User, f"generate_series(1, {AGENTS}) n", staff | service)
    put(Shop, f"generate_series(1, {SHOPS}) n", {"id": "n", "code": "'shop-' || n", "name": "'Shop ' || n",
                                                 "return_address": "'1 Return Road'"})  # fmt: skip
    first = buyers + AGENTS
    seller = {"id": f"{first} + n", "email": "'seller' || n || '@example.com'"}
    put(User, f"generate_series(1, {SHOPS + 2}) n", staff | seller)
    works = {"shop_id": f"CASE WHEN n > {SHOPS} THEN {BIG_SHOP} ELSE n END", "user_id": f"{first} + n",
             "role": f"'{ShopRole.OWNER}'"}  # fmt: skip
    put(ShopStaff, f"generate_series(1, {SHOPS + 2}) n", works)


def _goods() -> None:
    """Products 1 to BIG_PRODUCTS are the big shop's; each has one variant under the same key."""
    number = BIG_PRODUCTS + PRODUCTS * (SHOPS - 1)
    shop = f"CASE WHEN n <= {BIG_PRODUCTS} THEN {BIG_SHOP} ELSE 2 + (n - {BIG_PRODUCTS} - 1) / {PRODUCTS} END"
    title = f"('{WORDS}'::text[])[1 + n % 8] || ' ' || ('{COLOURS}'::text[])[1 + n % 5] || ' ' || n"
    put(Product, f"generate_series(1, {number}) n", {"id": "n", "shop_id": shop, "code": "'P' || n", "title": title})
    put(Sku, f"generate_series(1, {number}) n", {"id": "n", "product_id": "n", "code": "'S' || n", "price": "5000",
                                                 "stock": "1000"})  # fmt: skip


def _plan(tickets: int) -> None:
    """What each ticket is, decided once and read by everything that is written."""
    product = f"""CASE WHEN shop = {BIG_SHOP} THEN 1 + {dice(2, BIG_PRODUCTS)}
        ELSE {BIG_PRODUCTS} + (shop - 2) * {PRODUCTS} + 1 + {dice(2, PRODUCTS)} END"""
    kinds = f"""CASE
        WHEN state IN ('awaiting_return', 'awaiting_inspection', 'inspection_failed') THEN 'return_refund'
        WHEN state IN ('awaiting_dispatch', 'awaiting_buyer_receipt') THEN 'exchange'
        WHEN state = 'refunding' OR {dice(3, 100)} < 60 THEN 'refund_only'
        WHEN {dice(3, 100)} < 93 THEN 'return_refund' WHEN {dice(3, 100)} < 99 THEN 'exchange' ELSE 'repair' END"""
    run(f"""
        CREATE TEMPORARY TABLE plan ON COMMIT DROP AS
        SELECT *, CASE WHEN kind IN ('refund_only', 'return_refund') THEN 500 + {dice(4, 8000)} ELSE 0 END AS amount,
            opened + answered * interval '1 second' + {dice(5, 20)} * interval '8 hours' AS ended
        FROM (
            SELECT *, {kinds} AS kind, {product} AS product, state NOT IN ('succeeded', 'closed') AS is_open,
                now() - CASE WHEN state IN ('succeeded', 'closed') THEN interval '10 days'
                    + {dice(6, 355 * 1440)} * interval '1 minute'
                    ELSE {dice(6, 10 * 1440)} * interval '1 minute' END AS opened,
                {dice(7, 10)} = 0 AS by_rule,
                CASE WHEN {dice(7, 10)} = 0 THEN 0 ELSE (60 + {dice(8, 360)} * {dice(9, 360)}) END AS answered,
                now() + ({dice(10, 7200)} - 60) * interval '1 minute' AS due
            FROM (
                SELECT n, CASE WHEN n % 10 < {BIG_SHARE} THEN {BIG_SHOP} ELSE 2 + n % {SHOPS - 1} END AS shop,
                    1 + {dice(11, tickets // TICKETS_A_BUYER)} AS buyer, {state_of(dice(12, 1000))} AS state
                FROM generate_series(1, {tickets}) n
            ) who
        ) what
    """)
    run("CREATE INDEX ON plan (n)")
    run("ANALYZE plan")


HELD = "CASE WHEN is_open THEN amount ELSE 0 END"
GONE = "CASE WHEN state = 'succeeded' THEN amount ELSE 0 END"


def _orders() -> None:
    marketplace = Policy.objects.filter(profile="marketplace").earliest("pk").pk
    counters = {"reserved": HELD, "settled": GONE, "open_tickets": "is_open::int"}
    bought = "opened - interval '9 days'"
    put(Order, "plan", counters | {
        "id": "n", "number": "'O' || lpad(n::text, 14, '0')", "buyer_id": "buyer", "shop_id": "shop", "total": "10600",
        "freight": "600", "currency": "'CNY'", "policy_id": str(marketplace), "state": "'completed'",
        "entered_at": bought, "placed_at": bought, "paid_at": bought, "completed_at": bought, "recipient": "'Buyer'",
    })  # fmt: skip
    title = f"('{WORDS}'::text[])[1 + product % 8] || ' ' || ('{COLOURS}'::text[])[1 + product % 5] || ' ' || product"
    back = "kind <> 'refund_only'"
    put(OrderLine, "plan", counters | {
        "id": "n", "order_id": "n", "sku_id": "product", "title": title, "quantity": "2", "list_total": "10000",
        "paid": "10000", "shipped": "2", "returning": f"(is_open AND {back})::int",
        "returned": f"(state = 'succeeded' AND {back})::int",
    })  # fmt: skip
    put(Payment, "plan", {
        "id": "n", "number": "'P' || lpad(n::text, 14, '0')", "order_id": "n", "channel": "'sandbox'",
        "amount": "10600", "currency": "'CNY'", "next_at": "NULL", "started_at": bought, "received_at": bought,
        "received": "10600", "received_currency": "'CNY'", "pays_order": "TRUE", "reserved": HELD, "settled": GONE,
    })  # fmt: skip
    put(Shipment, "plan", {"order_id": "n", "carrier": "'YTO'", "number": "'YT' || lpad(n::text, 12, '0')",
                           "shipped_at": bought})  # fmt: skip


def _tickets() -> None:
    reasons = list(Reason.objects.filter(side="buyer").order_by("pk").values_list("pk", flat=True))
    rejection = Reason.objects.filter(side="seller").earliest("pk").pk
    put(Ticket, "plan", {
        "id": "n", "number": "'T' || lpad(n::text, 14, '0')", "order_id": "n", "shop_id": "shop", "state": "state",
        "due_at": f"CASE WHEN state NOT IN ({UNTIMED}) THEN due END", "kind": "kind", "shipped": "TRUE",
        "entered_at": "CASE WHEN is_open THEN opened ELSE ended END", "opened_at": "opened", "amount": "amount",
        "reason_id": f"(ARRAY{reasons})[1 + {dice(13, len(reasons))}]", "freight_by": "'buyer'",
        "rejection_id": f"CASE WHEN state = 'rejected' THEN {rejection} END",
        "return_address": "CASE WHEN kind <> 'refund_only' THEN '1 Return Road' ELSE '' END",
        "resume_state": "CASE WHEN state IN ('awaiting_buyer', 'arbitration') THEN 'awaiting_seller' ELSE '' END",
        "resume_left": "CASE WHEN state IN ('awaiting_buyer', 'arbitration') THEN interval '1 day' END",
        "closed_reason": "CASE WHEN state = 'closed' THEN 'withdrawn' ELSE '' END",
    })  # fmt: skip
    put(TicketLine, "plan", {"id": "n", "ticket_id": "n", "line_id": "n", "quantity": "1", "amount": "amount",
                             "is_open": "is_open"})  # fmt: skip
    sent = "plan WHERE kind <> 'refund_only' AND state NOT IN ('awaiting_seller', 'awaiting_return', 'closed')"
    put(ReturnParcel, sent, {"ticket_id": "n", "carrier": "'SF'", "number": "'SF' || lpad(n::text, 12, '0')",
                             "sent_at": "opened + interval '1 day'"})  # fmt: skip


def _events() -> None:
    """Filed, answered by the seller or a rule, and ended."""
    told = {"ticket_id": "n", "announced_at": "opened", "data": "'{}'"}
    put(TicketEvent, "plan", told | {"action": "'begin'", "to_state": "'awaiting_seller'", "role": "'buyer'",
                                     "actor_id": "buyer", "at": "opened"})  # fmt: skip
    answer = f"""CASE WHEN state = 'rejected' OR {dice(14, 20)} = 0 THEN 'reject'
        WHEN state = 'awaiting_buyer' OR {dice(14, 20)} = 1 THEN 'offer' ELSE 'agree' END"""
    put(TicketEvent, "plan WHERE state <> 'awaiting_seller'", told | {
        "action": f"CASE WHEN by_rule THEN 'agree' ELSE {answer} END", "from_state": "'awaiting_seller'",
        "to_state": "'refunding'", "role": "CASE WHEN by_rule THEN 'system' ELSE 'seller' END",
        "at": "opened + answered * interval '1 second'",
    })  # fmt: skip
    put(TicketEvent, "plan WHERE NOT is_open", told | {
        "action": "CASE WHEN state = 'succeeded' THEN 'succeed' ELSE 'withdraw' END", "from_state": "'refunding'",
        "to_state": "state", "role": "CASE WHEN state = 'succeeded' THEN 'system' ELSE 'buyer' END", "at": "ended",
    })  # fmt: skip
    put(AutoRule, f"generate_series(1, {SHOPS}) n", {"id": "n", "shop_id": "n", "name": "'Small sums'",
                                                     "most": "2000"})  # fmt: skip
    put(AutoDecision, "plan WHERE by_rule AND state <> 'awaiting_seller'", {
        "rule_id": "shop", "ticket_id": "n", "version": "1", "effect": "'agree'", "worth": "amount", "at": "opened",
    })  # fmt: skip


def _money() -> None:
    paid = "plan WHERE state = 'succeeded' AND amount > 0"
    put(Payout, paid, {
        "id": "n", "number": "'R' || lpad(n::text, 14, '0')", "order_id": "n", "payment_id": "n", "ticket_id": "n",
        "cause": "'ticket'", "amount": "amount", "currency": "'CNY'", "state": "'settled'", "entered_at": "ended",
        "created_at": "ended - interval '1 minute'", "settled_at": "ended", "tries": "1", "settlements": "1",
    })  # fmt: skip
    put(PayoutLine, paid, {"payout_id": "n", "line_id": "n", "amount": "amount"})


def _disputes(buyers: int) -> None:
    """One in thirty ended tickets went to customer service; of those one in ten was appealed and ruled on again."""
    ended = f"plan WHERE state = 'arbitration' OR (NOT is_open AND {dice(15, 30)} = 0)"
    agent = f"{buyers} + 1 + {dice(16, AGENTS)}"
    put(Dispute, ended, {
        "id": "n", "number": "'D' || lpad(n::text, 14, '0')", "order_id": "n", "ticket_id": "n",
        "called_by": "'buyer'", "state": "CASE WHEN is_open THEN 'review' ELSE 'final' END",
        "due_at": "CASE WHEN is_open THEN due END", "outcome": "CASE WHEN is_open THEN '' ELSE 'ruled' END",
        "agent_id": f"CASE WHEN is_open AND {dice(17, 2)} = 0 THEN NULL ELSE {agent} END",
        "late_at": f"CASE WHEN {dice(18, 12)} = 0 THEN opened + interval '5 days' END",
        "opened_at": "opened + interval '2 days'", "entered_at": "CASE WHEN is_open THEN opened ELSE ended END",
        "appealed_by": f"CASE WHEN NOT is_open AND {dice(19, 10)} = 0 THEN 'seller' ELSE '' END",
    })  # fmt: skip
    ruled = f"{ended} AND NOT is_open"
    verdict = {"verdict": "CASE WHEN amount > 0 THEN 'refund' ELSE 'refuse' END", "amount": "amount",
               "freight_by": "'buyer'", "note": "'Because.'", "dispute_id": "n"}  # fmt: skip
    put(Ruling, ruled, verdict | {"agent_id": agent, "made_at": "opened + interval '3 days'"})
    other = f"{buyers} + 1 + ({dice(16, AGENTS)} + 1) % {AGENTS}"
    refused = {"verdict": f"CASE WHEN amount = 0 OR {dice(20, 2)} = 0 THEN 'refuse' ELSE 'refund' END"}
    again = {"agent_id": other, "made_at": "opened + interval '4 days'", "on_appeal": "TRUE"}
    put(Ruling, f"{ruled} AND {dice(19, 10)} = 0", verdict | refused | again)


@contextmanager
def filled(tickets: int = TICKETS) -> Iterator[None]:
    """A database with so many tickets, which Django's connection is on meanwhile."""
    keep = bool(os.environ.get("BENCH_KEEP"))
    old = setup_databases(
        verbosity=0, interactive=False, keepdb=keep, aliases={"default": None}, serialized_aliases=set()
    )
    try:
        if not Ticket.objects.filter(pk=tickets).exists():
            seed(tickets)
        yield
    finally:
        teardown_databases(old, verbosity=0, keepdb=keep)
