"""The function that EventBridge calls for a pushed image."""
