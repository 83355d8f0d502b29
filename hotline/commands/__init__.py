"""Room hotline: the commands of `bin/hotline`, a file for each group."""
