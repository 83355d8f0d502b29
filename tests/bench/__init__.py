"""`make bench`: the tables of docs/benchmarks.md, always beside a bare Asterisk in the same run."""
