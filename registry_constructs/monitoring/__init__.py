"""Notifications, alarms and a dashboard about repositories and registries."""
