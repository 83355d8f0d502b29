"""Run as a program: forwards a node's journal until somebody kills it.

python -m tests.integration.store.forwarding_program JOURNAL DATABASE_URL
"""

import asyncio
import sys
from pathlib import Path

from store import forwarder as forwarding
from store.database import Database
from store.forwarder import Forwarder
from store.node_journal import NodeJournal
from tests.integration.store.sample import remember


async def main(path: str, url: str) -> None:
    # Small batches: more moments at which a kill falls between two of them.
    forwarding.BATCH = 7
    node = NodeJournal(Path(path), "pbx")
    await Forwarder(node, Database(url), remember("pbx")).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
