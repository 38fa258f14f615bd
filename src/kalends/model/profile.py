"""A person's profile: the lean, packed part of a record that every publication needs.

Derived from ``PersonRecord`` and the organization's settings whenever either changes, stored
packed beside the presence, so that a burst never parses a JSON record.
"""

from __future__ import annotations

import msgspec

from kalends.model.vocabulary import Level, Stage


class Profile(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What view, texts, sinks and lists need of a person."""

    person: str
    name: str
    language: str
    timezone: str
    department: str = ""
    extension: str = ""
    sip: str = ""
    jid: str = ""
    email: str = ""
    stage: Stage = Stage.LIVE
    """Effective: inherited from department and organization."""
    protected: bool = False
    kind: str = "person"
    given_name: str = ""
    family_name: str = ""
    title: str = ""
    mobile: str = ""
    voicemail: str = ""
    delegates: tuple[str, ...] = ()
    substitute: str = ""
    disclosure: dict[str, Level] = {}
    """Own disclosure per audience, never more than the organization's."""
    forward: dict[str, str] = {}
    skills: tuple[str, ...] = ()
    left: bool = False
    write_back: bool = False
    """The person wants manual presence written into the own calendar."""


_pack = msgspec.msgpack.Encoder()
_profile = msgspec.msgpack.Decoder(Profile)


def pack_profile(profile: Profile) -> bytes:
    """Return the packed form."""
    return _pack.encode(profile)


def unpack_profile(packed: bytes) -> Profile:
    """Return a packed profile; raises ``msgspec.DecodeError`` on anything else."""
    return _profile.decode(packed)
