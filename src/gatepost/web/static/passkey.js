// Asks the browser for a passkey where a form says so, fills in what it answers, and sends the form.
// data-passkey="get": a touch of one that is there; "create": a new one. Web Authentication Level 2.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (words) =>
  (words || "").split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));

async function touched(form) {
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(form.dataset.challenge),
      rpId: form.dataset.rp,
      allowCredentials: known(form.dataset.credentials),
      userVerification: "required",
    },
  });
  return {
    credential: text(credential.rawId),
    authenticator_data: text(credential.response.authenticatorData),
    client_data: text(credential.response.clientDataJSON),
    signature: text(credential.response.signature),
  };
}

async function created(form) {
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(form.dataset.challenge),
      rp: { id: form.dataset.rp, name: "Gatepost" },
      user: { id: bytes(form.dataset.user), name: form.dataset.address, displayName: form.dataset.address },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: known(form.dataset.credentials),
      attestation: "none",
    },
  });
  return {
    client_data: text(credential.response.clientDataJSON),
    authenticator_data: text(credential.response.getAuthenticatorData()),
  };
}

async function send(form) {
  const said = form.querySelector("[data-said]");
  try {
    const fields = await (form.dataset.passkey === "create" ? created(form) : touched(form));
    for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
    form.submit();
  } catch (error) {
    said.textContent = `Nothing was done: ${error.message}`;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
