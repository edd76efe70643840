"""Drawing batches of cases: one, always the same, in the suite; as many as WEBTENSORC_FUZZ says, each time others."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from fuzzing.case import Case

BATCHES = int(os.environ.get("WEBTENSORC_FUZZ", "1"))


def drawing(count: int = BATCHES) -> settings:
    """So many batches; none is made smaller: that takes minutes, and one of its cases mostly fails by itself."""
    return settings(
        max_examples=count,
        derandomize=BATCHES == 1,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )


def check_batches(batches: SearchStrategy[list[Case]], check: Callable[[Sequence[Case]], None]) -> None:
    """Check batches; of one that fails, each case by itself, which says more."""

    @drawing()
    @given(batches)
    def agree(cases: list[Case]) -> None:
        try:
            check(cases)
        except Exception:
            for case in cases:
                check([case])
            raise  # they fail together only

    agree()
