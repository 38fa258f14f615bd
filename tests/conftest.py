"""What all tests share: how hard properties are tried.

`make check` and `make test` try the same examples every time, so that they block nobody by chance;
`make hunt` (``KALENDS_HYPOTHESIS=thorough``) tries new ones and shrinks what it finds.
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
