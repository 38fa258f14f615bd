"""GetServerTimeZones: which Windows zones a server knows (2010+)."""

from __future__ import annotations

from kalends.model.http import Request, Response
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, need, one, operation, read, request
from kalends.wire.ews.versions import Feature


def build_get_server_time_zones(context: Context, ids: tuple[str, ...] = ()) -> Request:
    """Ask for zones by Windows id, names only; without ids for all. ``NotOffered`` by 2007."""
    need(context, Feature.SERVER_TIME_ZONES)
    get = operation("GetServerTimeZones", ReturnFullTimeZoneData="false")
    if ids:
        listed = add(get, M + "Ids")
        for zone in ids:
            add(listed, T + "Id", zone)
    return request(context, get)


def parse_get_server_time_zones(response: Response) -> dict[str, str]:
    """Return display names by Windows id (2013+ answers with an empty ``Periods``)."""
    element = one(read(response), "GetServerTimeZonesResponse").accept()
    return {
        str(zone.get("Id")): str(zone.get("Name", ""))
        for zone in element.iterfind(f"{M}TimeZoneDefinitions/{T}TimeZoneDefinition")
        if zone.get("Id")
    }
