"""Room: a small city behind a second Asterisk. May import telephony.asterisk and telephony.ami."""
