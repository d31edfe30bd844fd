"""Task versions and form entries never change; a rotation moves only along its lifecycle."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pools_taskversion
    FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pools_formentry
    FOR EACH ROW EXECUTE FUNCTION benchserver_append_only();
CREATE FUNCTION benchserver_rotation_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'planned>open', 'planned>abandoned', 'open>closed'
    ) THEN
        RAISE EXCEPTION 'a rotation cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rotation_edge BEFORE UPDATE ON pools_rotation
    FOR EACH ROW EXECUTE FUNCTION benchserver_rotation_edge();
"""
BACKWARD = """
DROP TRIGGER rotation_edge ON pools_rotation;
DROP FUNCTION benchserver_rotation_edge();
DROP TRIGGER append_only ON pools_formentry;
DROP TRIGGER append_only ON pools_taskversion;
"""


class Migration(migrations.Migration):
    dependencies = (("pools", "0001_initial"), ("audit", "0002_append_only"))
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
