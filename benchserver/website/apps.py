from django.apps import AppConfig


class WebsiteConfig(AppConfig):
    name = "benchserver.website"
    label = "website"
