"""Suggestions for a ticket from what was said: category, district, unit, topics, urgency."""
