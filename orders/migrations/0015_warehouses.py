"""Warehouses with return addresses of their own; delivery that is free from an amount on."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0014_figures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Warehouse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                (
                    "return_address",
                    models.TextField(
                        help_text="Name, phone and address, as they stand on a parcel.",
                        max_length=500,
                        verbose_name="return address",
                    ),
                ),
                (
                    "in_use",
                    models.BooleanField(
                        default=True,
                        help_text="While it is not, what its products’ buyers send back goes to the shop’s own address.",
                        verbose_name="in use",
                    ),
                ),
            ],
            options={
                "verbose_name": "warehouse",
                "verbose_name_plural": "warehouses",
                "ordering": ("name", "pk"),
            },
        ),
        migrations.AddField(
            model_name="shop",
            name="free_from",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="free delivery from"),
        ),
        migrations.AddField(
            model_name="warehouse",
            name="shop",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="warehouses",
                to="orders.shop",
                verbose_name="shop",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="warehouse",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="products",
                to="orders.warehouse",
                verbose_name="warehouse",
            ),
        ),
        migrations.AddConstraint(
            model_name="warehouse",
            constraint=models.UniqueConstraint(fields=("shop", "name"), name="warehouse_name_in_shop"),
        ),
        migrations.AddConstraint(
            model_name="warehouse",
            constraint=models.CheckConstraint(
                condition=models.Q(("return_address__regex", "\\S")), name="warehouse_has_address"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="product",
            trigger=pgtrigger.compiler.Trigger(
                name="own_warehouse",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.warehouse_id IS NOT NULL)",
                    func="\n        IF NEW.shop_id <> (SELECT shop_id FROM orders_warehouse WHERE id = NEW.warehouse_id) THEN\n            RAISE EXCEPTION 'a product names a warehouse of its own shop' USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n        ",
                    hash="70d8cb4e8960e9ffb5860e608ddd3c26c10db106",
                    operation='INSERT OR UPDATE OF "warehouse_id", "shop_id"',
                    pgid="pgtrigger_own_warehouse_4bedd",
                    table="orders_product",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="warehouse",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.shop_id IS DISTINCT FROM NEW.shop_id)",
                    func="RAISE EXCEPTION 'shop_id of a warehouse never change' USING ERRCODE = 'check_violation';",
                    hash="21f3737f7af22157da8134207c4ba772b917262b",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_14970",
                    table="orders_warehouse",
                    when="BEFORE",
                ),
            ),
        ),
    ]
