"""The tool stays the same while the tests of the gate run, even if somebody edits it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oomcheck.gate import cache


@pytest.fixture(autouse=True, scope="package")
def _same_tool() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "fingerprint", lambda environ: ("0.1.0", "the tool of the tests"))
        yield
