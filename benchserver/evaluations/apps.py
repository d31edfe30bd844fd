from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    name = "benchserver.evaluations"
    label = "evaluations"
