from django.apps import AppConfig


class LeaderboardConfig(AppConfig):
    name = "benchserver.leaderboard"
    label = "leaderboard"
