"""Why a plan was abandoned, or what keeps it from opening."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("pools", "0006_withdrawal"),)
    operations = (
        migrations.AddField(
            model_name="rotation",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
    )
