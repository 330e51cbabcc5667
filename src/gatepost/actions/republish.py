"""What doors are given, made anew from the tables: rules, modes, standings, secrets; nothing else stays."""

from gatepost.actions import live
from gatepost.actions.change import Change
from gatepost.actions.device_passwords import publish_secrets
from gatepost.actions.door_mode import publish_modes
from gatepost.actions.hold import recheck_quorums
from gatepost.actions.standing import key_of, refresh_many
from gatepost.doors.entry import CERTIFICATE, IDENTITY, MODE, PASSWORD, RULE, identity_key
from gatepost.storage import devices, feed, identities


def republish(change: Change) -> None:
    """Standings beyond one part are left to `catch_up`, which whoever calls this calls afterwards."""
    conn = change.conn
    recheck_quorums(change)
    states = live.rule_entries(live.live_rules(conn))
    in_use = devices.in_use(conn)
    standings = {identity_key(key) for key in in_use.values() if key}
    standings |= {key_of(identity) for identity in identities.of(conn, in_use)}
    published = feed.published(conn, RULE, IDENTITY, CERTIFICATE, PASSWORD)
    change.publish(dict.fromkeys(published - states.keys() - standings))
    change.publish(states)
    publish_modes(change, {key.removeprefix(MODE).decode() for key in feed.published(conn, MODE)})
    publish_secrets(change)
    refresh_many(change, in_use)
