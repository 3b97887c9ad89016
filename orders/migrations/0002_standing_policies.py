"""The policies that a platform starts with."""

from django.db import migrations

from orders.defaults import install_policies


def forwards(apps, schema_editor):
    install_policies(apps.get_model("orders", "Policy"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
