"""Room: sealed tracks → one timeline of words with speakers. May import recording, store."""
