"""The function behind `Notifications`; it runs in Lambda."""
