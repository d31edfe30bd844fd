from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "benchserver.portal"
    label = "portal"
