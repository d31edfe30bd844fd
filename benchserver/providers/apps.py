from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "benchserver.providers"
    label = "providers"
