"""What holds for all tests: none reads or fills the user's compile cache, and none fails for the time that it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A compile cache of this run, also for the processes that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBTENSORC_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # else each of them compiles all sources: 0.3 s
        yield
