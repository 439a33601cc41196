"""What each Python process of the local AWS loads first; the folder is on its path."""
