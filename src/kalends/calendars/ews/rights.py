"""How each version of Exchange is told to let the service account in: the exact commands.

Sources: Microsoft's pages on impersonation (2007: the two extended rights; 2010 and later: the
management role), on mailbox folder permissions, and on RBAC for applications (Exchange Online).
"""

from __future__ import annotations

from kalends.calendars.steps import quoted
from kalends.endpoints.exchange.known import Access
from kalends.wire.ews.versions import ServerVersion

_OUTLOOK = "In Outlook, open the calendar's properties, Permissions, add {user} as {level}."


def grant(access: Access, server: ServerVersion | None, user: str, address: str) -> str:
    """Return what lets ``user`` read the mailbox of ``address`` in one way."""
    old = server is not None and server.major < 14
    online = server is not None and server.online
    if access is Access.IMPERSONATION:
        return _impersonation(user, old=old, online=online)
    level = "Reviewer" if access is Access.DELEGATE else "AvailabilityOnly"
    who = user if access is Access.DELEGATE else "Default"
    if old:
        named = "Reviewer" if access is Access.DELEGATE else "Free/Busy time"
        return _OUTLOOK.format(user=who, level=named)
    verb = "Add" if access is Access.DELEGATE else "Set"
    return (
        f"{verb}-MailboxFolderPermission -Identity {quoted(address + ':' + chr(92) + 'Calendar')} "
        f"-User {quoted(who)} -AccessRights {level}  "
        "(the folder has the name it has in the mailbox's language)"
    )


def _impersonation(user: str, *, old: bool, online: bool) -> str:
    if old:
        return (
            "Both of: Get-ClientAccessServer | Add-ADPermission "
            f"-User {quoted(user)} -ExtendedRights ms-Exch-EPI-Impersonation ; "
            f"Get-MailboxDatabase | Add-ADPermission -User {quoted(user)} "
            "-ExtendedRights ms-Exch-EPI-May-Impersonate"
        )
    if online:
        return (
            "New-ManagementRoleAssignment -App <service principal> "
            '-Role "Application EWS.AccessAsApp" -CustomResourceScope <scope>'
        )
    return (
        'New-ManagementRoleAssignment -Name "Kalends" -Role ApplicationImpersonation '
        f"-User {quoted(user)} -CustomRecipientWriteScope <scope of the mailboxes>"
    )
