"""Room api: what /healthz says of one part."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PartHealth:
    """`detail` says in words what is wrong; empty where all is well."""

    name: str
    well: bool
    detail: str
