"""What is checked of those who sign in."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from kalends.web.tokens import NOBODY, new_account


def test_who_has_no_account_waits_as_long_as_who_has_one() -> None:
    anna = new_account("member", "anna", "acme", "anna", password="long enough for anybody")
    assert extract_parameters(NOBODY) == extract_parameters(anna.secret_hash)
    with pytest.raises(VerifyMismatchError):  # worked out to its end, not found to be no digest
        PasswordHasher().verify(NOBODY, "long enough for anybody")
