"""What all tests share: how hard properties are tried.

`make check` tries the same examples every time, so that it blocks nobody by chance; `make test`
(``KALENDS_HYPOTHESIS=thorough``) tries new ones. Shrinking is bounded: a failing example that is
not the smallest is better than minutes of waiting.
"""

import os

from hypothesis import HealthCheck, Phase, settings

_phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
settings.register_profile(
    "check",
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", deadline=None, phases=_phases, print_blob=True)
settings.load_profile(os.environ.get("KALENDS_HYPOTHESIS", "check"))
