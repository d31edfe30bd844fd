#!/usr/bin/env python3
"""Django's entry point; ``./bench X`` runs ``manage.py X`` in the project's own environment."""

from benchserver.config.command import main

if __name__ == "__main__":
    main()
