"""People are found by their whole name."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("aftersales", "0004_changes")]
    operations = [AddIndexConcurrently("user", models.Index(Upper("name"), name="user_by_name"))]
