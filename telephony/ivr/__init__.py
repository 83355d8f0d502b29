"""What callers can do by keys: flows written as YAML, checked, drawn, compiled to dialplan."""
