// A form with data-live: while somebody types, what it would answer is fetched from there and put into the element that
// data-shown names; data-said names the one in which a reader hears of it. Without this script the form's button does
// the same. A link with data-line leads to that line of the text that its address names.
"use strict";

for (const form of document.querySelectorAll("form[data-live]")) {
  const shown = document.getElementById(form.dataset.shown);
  const said = document.getElementById(form.dataset.said);
  let waiting;
  let asked;

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.live, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: asked.signal,
        redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      shown.innerHTML = await answer.text();
      const wrong = shown.querySelectorAll(".problem").length;
      said.textContent = wrong ? `Problems: ${wrong}.` : "What it means is up to date.";
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = "We cannot show it while you type. Press the button below the document.";
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    said.textContent = "";
    waiting = setTimeout(ask, 400);
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  const area = document.querySelector(link.hash);
  const before = area.value.split("\n").slice(0, Number(link.dataset.line) - 1);
  const start = before.reduce((sum, line) => sum + line.length + 1, 0);
  const end = area.value.indexOf("\n", start);
  area.focus();
  area.setSelectionRange(start, end < 0 ? area.value.length : end);
});
