"""Room: the program. The only place where the rooms meet."""
