"""Desk phones: which there are, how one is told its account, how it is added to live calls."""
