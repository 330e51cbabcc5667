"""How each refusal is met that is about signing in, and what one signs in with."""

from gatepost.actions import passkeys, provider_sign_in, sign_in
from gatepost.actions.sign_in import Visitor
from gatepost.actions.who import Actor, find_actor
from gatepost.core.refusal import Code
from gatepost.identity.provider import Client, Provider
from gatepost.signatures.passkey import Bound
from tests.verbs.houses import House, good
from tests.verbs.provocations import Scene, Verb, provokes

URL = "http://127.0.0.1:8180"
BOUND = Bound("gatepost.example", "https://gatepost.example")


def nobody_listens() -> Provider:
    return Provider(Client("http://127.0.0.1:1", "gatepost"))


def administrator(house: House) -> Actor:
    with house.site.store.reading() as conn:
        return good(find_actor(conn, house.now(), None))


@provokes(Code.PROVIDER_AWAY)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: provider_sign_in.ask_provider(house.site, nobody_listens(), URL)


@provokes(Code.SIGN_IN_REFUSED)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: provider_sign_in.sign_in_by_provider(house.site, nobody_listens(), URL, "kept", {})


@provokes(Code.SIGN_IN_AGAIN)
def _(scene: Scene) -> Verb:
    house = scene.house()
    visitor = Visitor(administrator(house))
    return lambda: passkeys.register(house.site, visitor, BOUND, {})


@provokes(Code.PASSKEY_UNFIT)
def _(scene: Scene) -> Verb:
    house = scene.house()
    visitor = Visitor(administrator(house), proved_at=house.now())
    asked = good(passkeys.challenge(house.site))
    return lambda: passkeys.register(house.site, visitor, BOUND, {"kept": asked.kept, "client_data": "none"})


@provokes(Code.LINK_OVER)
def _(scene: Scene) -> Verb:
    house = scene.house()
    return lambda: sign_in.sign_in(house.site, "a link that nobody sent", "a browser that asked for none")
