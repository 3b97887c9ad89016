"""Versions that exist get the new figures of their business; the goods rules that a platform starts with."""

from django.db import migrations

from orders.defaults import install_goods_rules

# A version is refused every change, so that orders keep what they were placed under. These columns are new: nothing that
# an order has relied on changes, except that what was null until now may be asked for from now on.
FORWARDS = """
ALTER TABLE orders_policy DISABLE TRIGGER USER;
UPDATE orders_policy AS p SET
    answer_floor = v.answer_floor,
    answer_offer = v.answer_offer,
    -- Goods that come back may have to travel once more, whatever the business.
    dispatch = coalesce(v.dispatch, CASE WHEN p.return_goods IS NOT NULL THEN interval '5 days' END),
    buyer_receipt = coalesce(p.buyer_receipt, v.buyer_receipt),
    evidence = v.evidence,
    review = v.review,
    appeal = v.appeal,
    remind_first = v.remind_first,
    remind_last = v.remind_last,
    confirm_above = 50000
FROM (VALUES
    ('marketplace', interval '24 hours', interval '3 days', interval '5 days', interval '10 days',
     interval '48 hours', interval '48 hours', interval '24 hours', interval '24 hours', interval '2 hours'),
    ('local_delivery', interval '1 hour', interval '12 hours', interval '2 hours', interval '2 hours',
     interval '2 hours', interval '4 hours', interval '2 hours', interval '10 minutes', NULL),
    ('virtual', interval '24 hours', interval '3 days', NULL, NULL,
     interval '24 hours', interval '24 hours', interval '24 hours', interval '2 hours', NULL)
) AS v (profile, answer_floor, answer_offer, dispatch, buyer_receipt,
        evidence, review, appeal, remind_first, remind_last)
WHERE p.profile = v.profile;
ALTER TABLE orders_policy ENABLE TRIGGER USER;
"""
# What is checked before this migration: all of the columns of a return, or none.
BACKWARDS = """
ALTER TABLE orders_policy DISABLE TRIGGER USER;
UPDATE orders_policy SET buyer_receipt = NULL WHERE return_goods IS NULL;
ALTER TABLE orders_policy ENABLE TRIGGER USER;
"""


def install(apps, schema_editor):
    install_goods_rules(apps.get_model("orders", "GoodsRule"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_policies_in_full")]
    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
