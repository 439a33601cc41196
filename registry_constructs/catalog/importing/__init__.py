"""The way back from AWS: live repositories as the file of a catalog."""
