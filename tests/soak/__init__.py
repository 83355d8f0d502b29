"""A long run under faults: real calls at a steady rate, every part killed mid-call, all counted."""
