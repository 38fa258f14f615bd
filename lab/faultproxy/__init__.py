"""A TCP proxy that misbehaves on purpose, for tests of whoever talks through it.

::

    async with FaultProxy("127.0.0.1", port) as proxy:
        proxy.faults = [Fault(answer=http_answer(503)), Fault(cut_after=100, ending="reset")]
        ...                      # the first two connections misbehave, the rest go through
        proxy.always = Fault(delay=0.2)
        await proxy.cut()        # resets what runs now

TLS passes through unopened, so a test sees what a broken network does to it.
"""

from lab.faultproxy.fault import Ending, Fault, http_answer
from lab.faultproxy.proxy import FaultProxy

__all__ = ["Ending", "Fault", "FaultProxy", "http_answer"]
