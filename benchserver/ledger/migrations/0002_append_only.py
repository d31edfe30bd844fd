"""The log never changes: entries and checkpoints are append-only in the database too."""

from django.db import migrations

TABLES = ("ledger_entry", "ledger_checkpoint")
FORWARD = "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();"
    for table in TABLES
)
BACKWARD = "".join(f"DROP TRIGGER append_only ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = (("ledger", "0001_initial"), ("audit", "0002_append_only"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
