"""Room: tickets and duty rosters. Never knows what a channel is. May import store."""
