"""Finds or builds Asterisk, renders its settings, starts and stops instances."""
