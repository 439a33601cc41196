"""What happened to images, in words: to people's mailboxes and chat rooms."""
