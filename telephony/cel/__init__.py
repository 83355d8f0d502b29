"""Room telephony/cel: what happened to every leg, in Asterisk's own channel events."""
