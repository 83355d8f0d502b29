"""Room telephony/ami: the one link to Asterisk's manager, typed in and out."""
