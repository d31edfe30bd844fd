"""Between whole readings the short questions are asked once a day."""

from django.db import migrations, models

MOMENTS = [
    ("before", "Before"),
    ("during", "During"),
    ("after", "After"),
    ("later", "Later"),
    ("daily", "Daily"),
]


class Migration(migrations.Migration):
    dependencies = (("evaluations", "0014_evidence_review"),)

    operations = tuple(
        migrations.AlterField(
            model_name=model,
            name="moment",
            field=models.CharField(choices=MOMENTS, max_length=8),
        )
        for model in ("identitymark", "identityreading")
    )
