"""What work costs the processor, whatever else the machine and the tests before have to do."""

import time
from collections.abc import Callable


def quickest(work: Callable[[], object]) -> float:
    """Return the processor seconds of the quickest of three times.

    One time alone may pay for collecting what thousands of tests before it left behind.
    """
    spent = []
    for _ in range(3):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)
