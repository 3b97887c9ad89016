"""Roles in a shop. Whoever works for one already has done everything there: they own it."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_waybills"),
        ("aftersales", "0002_roles"),
    ]

    operations = [
        migrations.AddField(
            model_name="shopstaff",
            name="role",
            field=models.CharField(
                choices=[("owner", "Owner"), ("agent", "Agent")], default="owner", max_length=10, verbose_name="role"
            ),
        ),
        migrations.AlterField(
            model_name="shopstaff",
            name="role",
            field=models.CharField(
                choices=[("owner", "Owner"), ("agent", "Agent")], default="agent", max_length=10, verbose_name="role"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="shopstaff",
            trigger=pgtrigger.compiler.Trigger(
                name="no_auditor",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF EXISTS (SELECT 1 FROM aftersales_user WHERE id = NEW.user_id AND is_auditor) THEN\n            RAISE EXCEPTION 'an auditor works for no shop' USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n        ",
                    hash="19fe8a2047682bbe53329d301d0088313ad0043f",
                    operation='INSERT OR UPDATE OF "user_id"',
                    pgid="pgtrigger_no_auditor_657e7",
                    table="orders_shopstaff",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="shopstaff",
            trigger=pgtrigger.compiler.Trigger(
                name="rights_version",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        UPDATE aftersales_user SET rights_version = rights_version + 1 WHERE id IN (OLD.user_id, NEW.user_id);\n        RETURN NULL;\n        ",
                    hash="496ee5b6dde2bbb4996930e6cfe2c90323c12c08",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_rights_version_5b941",
                    table="orders_shopstaff",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="shopstaff",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "agent"])), name="shopstaff_role_known"
            ),
        ),
    ]
