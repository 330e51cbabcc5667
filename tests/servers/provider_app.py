"""The OpenID provider that provider.py starts: python -m tests.servers.provider_app PORT BACK."""

import base64
import hmac
import json
import secrets
import sys
import time
from typing import Any

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from joserfc import jwk, jwt

from tests.servers.provider import CLIENT, SECRET

PORT, BACK = int(sys.argv[1]), sys.argv[2]
ISSUER = f"http://127.0.0.1:{PORT}"

people: dict[str, dict[str, Any]] = {}
codes: dict[str, Any] = {}
lies: dict[str, Any] = {}


def new_key(kid: str) -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


shown = [new_key("one")]
signs = [shown[0]]


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == BACK

    def check_client_secret(self, secret: str) -> bool:
        return secrets.compare_digest(secret, SECRET)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    def __init__(self, code: str, person: str, asked: Any) -> None:
        self.code, self.person, self.at = code, person, int(time.time())
        self.asked = dict(asked)
        self.code_challenge = asked.get("code_challenge")
        self.code_challenge_method = asked.get("code_challenge_method")

    def get_redirect_uri(self) -> Any:
        return self.asked["redirect_uri"]

    def get_scope(self) -> Any:
        return self.asked["scope"]


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        codes[code] = Code(code, request.user, request.payload.data)

    def query_authorization_code(self, code: str, _client: Any) -> Any:
        return codes.get(code)

    def delete_authorization_code(self, code: Any) -> None:
        del codes[code.code]

    def authenticate_user(self, code: Any) -> str:
        return str(code.person)


class Identity(OpenIDCode):  # type: ignore[misc]
    def exists_nonce(self, nonce: str, _request: Any) -> bool:
        return any(code.asked.get("nonce") == nonce for code in codes.values())

    def encode_id_token(self, _token: Any, request: Any) -> str:
        code, now = request.authorization_code, int(time.time())
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": code.person, "iat": now, "exp": now + 300}
        claims |= {"nonce": code.asked.get("nonce"), "auth_time": code.at} | people[code.person] | lies
        claims = {name: value for name, value in claims.items() if value is not None and name != "alg"}
        if lies.get("alg") == "none":
            return f"{_b64({'alg': 'none'})}.{_b64(claims)}."
        if lies.get("alg") == "HS256":  # by a secret that everybody can see: the public key's text
            signed = f"{_b64({'alg': 'HS256', 'kid': 'one'})}.{_b64(claims)}"
            made = hmac.digest(shown[0].as_pem(private=False), signed.encode(), "sha256")
            return f"{signed}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
        return jwt.encode({"alg": "RS256", "kid": signs[0].kid}, claims, signs[0], ["RS256"])


app = flask.Flask(__name__)
server = AuthorizationServer(
    app, query_client=lambda name: Client() if name == CLIENT else None, save_token=lambda *_: None
)
server.register_grant(CodeGrant, [Identity(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def about() -> Any:
    places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
    return {"issuer": ISSUER} | {name: f"{ISSUER}/{path}" for name, path in places.items()}


@app.get("/jwks")
def jwks() -> Any:
    other = {"kty": "OKP", "crv": "X25519", "x": "AA", "use": "enc"}
    return {"keys": [*(key.as_dict(private=False) for key in shown), other]}


@app.route("/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    if flask.request.method == "GET":
        server.get_consent_grant()
        return "Who is it?"
    return server.create_authorization_response(
        grant_user=flask.request.form["person"], grant=server.get_consent_grant()
    )


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.put("/people/<name>")
def person(name: str) -> Any:
    people[name] = flask.request.get_json()
    return "", 204


@app.put("/lie")
def lie() -> Any:
    lies.clear()
    lies.update(flask.request.get_json())
    return "", 204


@app.put("/key")
def key() -> Any:
    asked = flask.request.get_json()
    signs[0] = new_key(asked["kid"])
    if asked["shown"]:
        shown[:] = signs
    return "", 204


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


if __name__ == "__main__":
    app.run("127.0.0.1", PORT)
