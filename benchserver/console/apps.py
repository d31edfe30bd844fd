from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "benchserver.console"
    label = "console"
