"""Embedded services and the supervisor: this room touches the world and knows no Django.

``account`` (who runs things), ``home`` (where data lies), ``server`` with ``postgres`` and
``valkey`` (embedded services that several commands may share), ``supervisor`` and ``parts`` (the
whole service as a list of processes), ``watchdog`` (nothing survives a killed owner).
"""
