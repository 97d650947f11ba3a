"""Who may change what in a group: each rule is given the group as it is, and returns what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from server.domain.conversations import Role
from server.domain.groups import MAX_MEMBERS, GroupChange, GroupState
from server.domain.messages import SystemNote
from server.errors import ErrorCode, RequestError
from server.services.conversations import not_a_member

UNCHANGED = GroupChange(notes=())


def rename(group: GroupState, actor: str, name: str) -> GroupChange:
    """The owner and admins give it another name."""
    _check_rank(group, actor, "owner", "admin")
    if name == group.name:
        return UNCHANGED
    return GroupChange(notes=(SystemNote("renamed", actor, name=name),), name=name)


def add(group: GroupState, actor: str, user_ids: Sequence[str]) -> GroupChange:
    """The owner and admins add those who are no members yet."""
    _check_rank(group, actor, "owner", "admin")
    added = tuple(user_id for user_id in user_ids if user_id not in group.roles)
    if not added:
        return UNCHANGED
    if group.member_count + len(added) > MAX_MEMBERS:
        raise too_many_members(group.member_count + len(added))
    return GroupChange(notes=(SystemNote("added", actor, user_ids=added),), added=added)


def remove(group: GroupState, actor: str, user_id: str) -> GroupChange:
    """The owner removes anyone, admins remove plain members, everyone leaves; an owner who leaves has an heir."""
    _check_rank(group, actor, "owner", "admin", "member")
    if user_id == actor:
        return _leave(group, actor)
    role = _role_of(group, user_id)
    _check_rank(group, actor, *(("owner", "admin") if role == "member" else ("owner",)))
    return GroupChange(notes=(SystemNote("removed", actor, user_ids=(user_id,)),), removed=(user_id,))


def set_role(group: GroupState, actor: str, user_id: str, role: Role) -> GroupChange:
    """The owner makes others what they shall be; handing over makes an admin of the owner."""
    _check_rank(group, actor, "owner")
    if _role_of(group, user_id) == role:
        return UNCHANGED
    if user_id == actor:
        raise RequestError(ErrorCode.CONFLICT, "a group has an owner: make another member that")
    note = SystemNote("role_changed", actor, user_ids=(user_id,), role=role)
    roles: dict[str, Role] = {user_id: role}
    if role == "owner":
        roles[actor] = "admin"
    return GroupChange(notes=(note,), roles=roles)


def too_many_members(count: int) -> RequestError:
    return RequestError(ErrorCode.LIMIT_REACHED, f"the group would have {count} members, allowed are {MAX_MEMBERS}")


def _leave(group: GroupState, actor: str) -> GroupChange:
    left = SystemNote("left", actor, user_ids=(actor,))
    if group.owner_id != actor or group.heir is None:
        return GroupChange(notes=(left,), removed=(actor,))
    handed_over = SystemNote("role_changed", actor, user_ids=(group.heir,), role="owner")
    return GroupChange(notes=(left, handed_over), removed=(actor,), roles={group.heir: "owner"})


def _check_rank(group: GroupState, actor: str, *allowed: Role) -> None:
    role = group.roles.get(actor)
    if role is None:
        raise not_a_member()
    if role not in allowed:
        raise RequestError(ErrorCode.FORBIDDEN, f"you are {role} of this group; this is for {' and '.join(allowed)}")


def _role_of(group: GroupState, user_id: str) -> Role:
    role = group.roles.get(user_id)
    if role is None:
        raise RequestError(ErrorCode.NOT_FOUND, "there is no such member of the group")
    return role
