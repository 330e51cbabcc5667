// An element with data-again: every so many seconds its page is fetched anew, and what changed in it is shown in place,
// so that nobody loses where they read or what has the keyboard. It ends with the answer that does not ask for another.
// Without this script the browser fetches the whole page each time (noscript), or whoever looks does where something is
// typed on it.
"use strict";

const show = (parts, now) => {
  for (const [place, part] of now.entries()) {
    const shown = parts[place];
    if (!shown) parts.at(-1).parentElement.append(part);
    // Without what is in them: another element, or one with other attributes.
    else if (!shown.cloneNode().isEqualNode(part.cloneNode())) shown.replaceWith(part);
    else if (shown.innerHTML !== part.innerHTML) shown.innerHTML = part.innerHTML;
  }
  for (const over of parts.slice(now.length)) over.remove();
};

const watch = (element) => {
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.getElementById(element.id);
      show([...element.children], [...now.children]);
      if (!now.dataset.again) return;
    } catch {
      // The server is away for a moment: the next look says how it stands.
    }
    watch(element);
  }, Number(element.dataset.again) * 1000);
};

for (const element of document.querySelectorAll("[data-again]")) watch(element);
