"""Room: everything that touches Asterisk. May import store."""
