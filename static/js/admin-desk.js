// The tools of who answers tickets: saved replies go into the words of the form, and keys do what buttons do. Without
// this script a reply is put in by the server, and everything is reached by links and buttons.
"use strict";

(() => {
  const list = () => [...document.querySelectorAll("#result_list tbody tr, [data-case]")];
  const link = (row) => row && row.querySelector("a[href]");
  let at = -1;

  function go(step) {
    const rows = list();
    if (!rows.length) return;
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    for (const row of rows) row.classList.toggle("selected", row === rows[at]);
    const target = link(rows[at]);
    if (target) target.focus();
  }

  // The first of these that the page has is pressed.
  const press = (...selectors) => {
    for (const selector of selectors) {
      const found = document.querySelector(selector);
      if (found) { found.focus(); found.click(); return; }
    }
  };

  const typing = (event) => {
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    return field && !["checkbox", "radio", "button", "submit"].includes(field.type);
  };
  // Keys without Ctrl or Alt can be switched off on the sheet: speech control and some hands press them unmeant.
  const OFF = "keys-off";
  const unless = (act) => (event) => {
    if (localStorage.getItem(OFF) || typing(event) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  };

  const sheet = document.getElementById("keys");
  const show = () => sheet && !sheet.open && sheet.showModal();
  document.addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) show(); });
  const on = document.querySelector("[data-keys-on]");
  if (on) {
    on.checked = !localStorage.getItem(OFF);
    on.addEventListener("change", () => (on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "yes")));
  }

  // What each key presses: the first of these that the page has. The button says so.
  const BUTTONS = {
    a: [".do-agree", ".do-accept", ".do-claim", ".do-confirm"],
    r: [".do-reject", ".do-fail", ".do-rule", ".do-object"],
    o: [".do-offer"],
    m: [".do-message", ".do-ask"],
  };
  for (const [key, selectors] of Object.entries(BUTTONS)) {
    const button = selectors.map((selector) => document.querySelector(selector)).find(Boolean);
    if (!button) continue;
    button.setAttribute("aria-keyshortcuts", key);
    const hint = document.createElement("kbd");
    hint.textContent = key;
    hint.setAttribute("aria-hidden", "true");
    button.append(" ", hint);
  }
  const pressing = Object.entries(BUTTONS).map(([key, selectors]) => [key, unless(() => press(...selectors))]);

  const queue = document.querySelector("[data-queue]");
  tinykeys.tinykeys(window, {
    j: unless(() => go(1)),
    k: unless(() => go(-1)),
    x: unless(() => { const box = list()[at] && list()[at].querySelector("input.action-select"); if (box) box.click(); }),
    "/": unless(() => { const field = document.querySelector("input[name=q]"); if (field) field.focus(); }),
    "g q": unless(() => { if (queue) location.assign(queue.dataset.queue); }),
    ...Object.fromEntries(pressing),
    n: unless(() => { const field = document.querySelector("#notes textarea"); if (field) field.focus(); }),
    "Shift+?": unless(show),
    "$mod+Enter": (event) => {
      const form = event.target.closest("form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    },
  });

  // A form that was opened on the page takes the focus, so that a screen reader reads it and keys go on.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "ask") document.getElementById("ask-title").focus();
  });

  // A reply goes where the cursor is, and what stands there already stays.
  document.addEventListener("submit", (event) => {
    const replies = event.target.closest("[data-replies]");
    if (!replies) return;
    const field = document.querySelector("#action-form textarea[name=note]");
    const chosen = replies.querySelector("select").selectedOptions[0];
    if (!field || !chosen) return;
    event.preventDefault();
    const before = field.value.slice(0, field.selectionStart);
    field.setRangeText((/\S$/.test(before) ? "\n" : "") + chosen.dataset.text, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
