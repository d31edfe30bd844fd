from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "benchserver.audit"
    label = "audit"
