"""What searches read of a product is kept beside it: spelling it anew for each search took most of the time."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Concat

WORDS = Concat(F("title"), Value(" "), F("department"), Value(" "), F("code"), output_field=TextField())


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_search")]
    operations = [
        migrations.RemoveIndex("product", "product_words"),
        migrations.AddField(
            "product",
            "words",
            models.GeneratedField(
                expression=Func(WORDS, function="orders_words", output_field=TextField()),
                output_field=TextField(),
                db_persist=True,
            ),
        ),
        migrations.AddIndex("product", GinIndex(OpClass("words", name="gin_trgm_ops"), name="product_words")),
    ]
