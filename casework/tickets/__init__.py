"""Tickets: what came of a call."""
