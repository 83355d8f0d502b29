"""The service under test: `hotline up`, whose parts reach the manager through a link to be cut.

python -m tests.soak.service PORT
"""

import asyncio
import os
import sys

from hotline.installation import Installation
from hotline.lock import take_lock
from hotline.logs import set_up_logs
from hotline.run import environment_of
from hotline.set_up import prepare
from hotline.settings import load_settings
from hotline.supervise import Supervisor, own_parts


async def main(through: int) -> None:
    """Asterisk listens where the settings say; its parts are sent to port `through`."""
    set_up_logs("supervisor")
    settings = load_settings()
    lock = take_lock(settings.data_dir / "supervisor.lock", replace=False)
    installation = Installation(settings)
    await prepare(installation)
    environment = {**os.environ, **environment_of(settings), "HOTLINE_AMI_PORT": str(through)}
    supervisor = Supervisor(
        installation.asterisk, settings.data_dir / "log", own_parts(), environment
    )
    await supervisor.run()
    lock.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
