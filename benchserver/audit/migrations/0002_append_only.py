"""Events are only ever appended: whoever writes, ORM or SQL, an UPDATE or DELETE is refused."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION benchserver_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();
"""
BACKWARD = """
DROP TRIGGER append_only ON audit_event;
DROP FUNCTION benchserver_append_only();
"""


class Migration(migrations.Migration):
    dependencies = (("audit", "0001_initial"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
