"""No ticket without its order's shop from now on."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("refunds", "0011_shop_of_tickets")]
    operations = [
        migrations.AlterField(
            "ticket",
            "shop",
            models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tickets",
                to="orders.shop",
                verbose_name="shop",
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="ticket", name="frozen"),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.number IS DISTINCT FROM NEW.number OR OLD.order_id IS DISTINCT FROM NEW.order_id OR OLD.shop_id IS DISTINCT FROM NEW.shop_id OR OLD.shipped IS DISTINCT FROM NEW.shipped OR OLD.by_seller IS DISTINCT FROM NEW.by_seller)",
                    func="RAISE EXCEPTION 'number, order_id, shop_id, shipped, by_seller of a ticket never change' USING ERRCODE = 'check_violation';",
                    hash="b1c48f3fe5d2d7756976ba7cea55e362caea8556",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_fe170",
                    table="refunds_ticket",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="of_the_shop",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF NEW.shop_id IS DISTINCT FROM (SELECT shop_id FROM orders_order WHERE id = NEW.order_id) THEN\n            RAISE EXCEPTION 'a ticket belongs to the shop of its order' USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n        ",
                    hash="34a4ff23ea368612a2ab4bbb4cbce3670a4368d6",
                    operation="INSERT",
                    pgid="pgtrigger_of_the_shop_85086",
                    table="refunds_ticket",
                    when="BEFORE",
                ),
            ),
        ),
    ]
