// What every page does: copies what a button names, prints, sends a form once however often it is pressed, and closes an
// open menu. Without this script texts can be selected by hand, the browser's own menu prints, and the server makes one
// thing of two presses.
"use strict";

(() => {
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = (source.value ?? source.textContent).trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without the right to write to the clipboard the text is selected, ready to be copied.
      getSelection().selectAllChildren(source);
      source.select?.();
      document.execCommand("copy");
    }
    const before = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = before; }, 2000);
  }

  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    if (event.target.closest("[data-print]")) print();
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    // What was stopped by hand may be sent again.
    setTimeout(() => { delete form.dataset.sent; }, 8000);
    // Whoever comes after this person finds nothing that was entered and not sent.
    // A field called "action" hides the property of that name.
    if ((form.getAttribute("action") || "").endsWith("/logout/")) localStorage.clear();
  });

  // A page that comes back from the browser's memory may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
