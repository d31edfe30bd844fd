from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "benchserver.ledger"
    label = "ledger"
