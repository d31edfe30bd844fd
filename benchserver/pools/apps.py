from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "benchserver.pools"
    label = "pools"
