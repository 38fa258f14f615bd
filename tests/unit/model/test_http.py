"""Cookies as servers set them: several, with commas in their dates."""

from kalends.model.http import Response, cookies

SET = (
    "cadata=a=b==; path=/; HttpOnly\n"
    "X-BackEndCookie=S-1-5=u56; expires=Tue, 01-Dec-2026 10:00:00 GMT; secure\n"
    "broken; path=/\n"
    " =nameless"
)


def test_names_and_values_are_kept_and_attributes_are_not() -> None:
    response = Response(200, {"set-cookie": SET})
    assert cookies(response.header("Set-Cookie")) == {
        "cadata": "a=b==",
        "X-BackEndCookie": "S-1-5=u56",
    }
