"""The bounds that a platform starts with."""

from django.db import migrations

from orders.defaults import install_bounds


def forwards(apps, schema_editor):
    install_bounds(apps.get_model("orders", "PolicyBound"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_policy_bounds")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
