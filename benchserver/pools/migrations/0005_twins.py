"""A twin carries the keyed hash of the name of the task that it rewrites."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("pools", "0004_canary_split"),)

    operations = (
        migrations.AddField(
            model_name="taskversion",
            name="twin_mac",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    )
