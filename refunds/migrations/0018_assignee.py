"""Somebody of the shop works on a ticket."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0013_rights_of_before"),
        ("refunds", "0017_set_aside_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticket",
            name="assignee",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="orders.shopstaff",
                verbose_name="assigned to",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="for_a_colleague",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.assignee_id IS NOT NULL)",
                    func="\n        IF NEW.shop_id IS DISTINCT FROM (SELECT shop_id FROM orders_shopstaff WHERE id = NEW.assignee_id) THEN\n            RAISE EXCEPTION 'a ticket is assigned to staff of its shop' USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n        ",
                    hash="ff1660393983521a279efef933c351d3b4354391",
                    operation='UPDATE OF "assignee_id"',
                    pgid="pgtrigger_for_a_colleague_a82ff",
                    table="refunds_ticket",
                    when="BEFORE",
                ),
            ),
        ),
    ]
