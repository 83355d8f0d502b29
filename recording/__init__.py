"""Room: spool → seal → archive → replay. May import store."""
