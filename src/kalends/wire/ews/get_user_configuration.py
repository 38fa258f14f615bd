"""GetUserConfiguration: the work hours stored with a calendar folder (2010+)."""

from __future__ import annotations

import base64
import binascii

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.model.person import WorkHours
from kalends.wire.ews.folders import CALENDAR, Folder
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, need, one, operation, parse_xml, read, request
from kalends.wire.ews.versions import Feature
from kalends.wire.ews.work_hours import read_configuration


def build_get_work_hours(context: Context, folder: Folder = CALENDAR) -> Request:
    """Ask for the ``WorkHours`` configuration; ``NotOffered`` by 2007."""
    need(context, Feature.USER_CONFIGURATION)
    get = operation("GetUserConfiguration")
    folder.write(add(get, M + "UserConfigurationName", Name="WorkHours"))
    add(get, M + "UserConfigurationProperties", "XmlData")
    return request(context, get)


def parse_get_work_hours(response: Response) -> WorkHours | None:
    """Read work hours; None where the owner never set any.

    ``NotFound`` where there is no such configuration; ``BadAnswer`` where it cannot be read.
    """
    element = one(read(response), "GetUserConfigurationResponse").accept()
    told = element.findtext(f"{M}UserConfiguration/{T}XmlData")
    if not told:
        return None
    try:
        inner = base64.b64decode("".join(told.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAnswer("the stored work hours are no base64") from error
    return read_configuration(parse_xml(inner))
