// The application's page: steppers, and what is entered while there is no connection. Every choice is sent by htmx,
// which draws the parts below it anew; until the server has it, it is kept on this device. Without this script a button
// asks for the next part.
"use strict";

(() => {
  const UNKEPT = new Set(["csrfmiddlewaretoken", "token", "seen", "promised", "preview"]);
  const AGAIN = 5000;
  let entered = 0, sent = 0, changes = 0, asked = 0, pending = null, rounds = 0, timer = null, promised = "";
  const form = () => document.getElementById("apply");
  const name = () => form()?.dataset.kept;

  document.documentElement.classList.add("lively");

  // --- kept on this device; a browser that keeps nothing loses only this ---

  function write(values) {
    try {
      if (values) localStorage.setItem(name(), JSON.stringify(values));
      else localStorage.removeItem(name());
    } catch { /* nothing is kept */ }
  }

  function read() {
    try {
      return JSON.parse(localStorage.getItem(name()));
    } catch {
      return null;
    }
  }

  function remember() {
    entered += 1;
    if (!name()) return;
    write([...new FormData(form())].filter(([field, value]) => typeof value === "string" && !UNKEPT.has(field)));
  }

  // Parts come one by one: what was kept is filled in as far as they are there, and asked on.
  function restore() {
    if (!pending || !form()) return;
    let changed = false;
    for (const [field, value] of pending) {
      for (const control of form().querySelectorAll(`[name="${CSS.escape(field)}"]`)) {
        if (control.type === "file") continue;
        if (control.type === "radio" || control.type === "checkbox") {
          if (control.value === value && !control.checked) changed = control.checked = true;
        } else if (control.type !== "hidden" && control.value !== value) {
          control.value = value;
          changed = true;
        }
      }
    }
    rounds += 1;
    if (changed && rounds < 6) ask();
    else pending = null;
  }

  const ask = () => htmx.trigger(form(), "change");

  // --- the connection ---

  function lost() {
    const notice = form()?.querySelector("[data-offline]");
    if (notice) notice.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(ask, AGAIN);
  }

  // What is marked data-keep, photos and advice, asks for itself.
  const ours = ({ detail: { elt } }) => elt === form() || (form()?.contains(elt) && !elt.closest("[data-keep]"));
  // A session that has ended leads to the login; its page is no part of this one.
  const elsewhere = (xhr) => xhr.responseURL && new URL(xhr.responseURL).pathname !== location.pathname;

  addEventListener("online", () => timer && ask());
  document.addEventListener("htmx:sendError", (event) => ours(event) && lost());
  document.addEventListener("htmx:timeout", (event) => ours(event) && lost());
  document.addEventListener("htmx:responseError", (event) => ours(event) && lost());
  document.addEventListener("htmx:beforeRequest", (event) => { if (ours(event)) [sent, asked] = [entered, changes]; });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!ours(event)) return;
    // An answer to what has been changed since is no news: the next one is on its way.
    if (asked !== changes) event.detail.shouldSwap = false;
    if (!elsewhere(event.detail.xhr)) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  // What is sent is compared with what was on the screen when it was pressed, not with what came meanwhile.
  document.addEventListener("click", (event) => {
    if (event.target.closest("#send")) promised = form().elements.promised.value;
  }, true);
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "send") event.detail.parameters.promised = promised;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr } = event.detail;
    if (!ours(event) || !xhr.status || xhr.status >= 500 || xhr.status === 403 || elsewhere(xhr)) return;
    clearTimeout(timer);
    timer = null;
    if (sent === entered || xhr.getResponseHeader("HX-Redirect")) write(null);
  });
  document.addEventListener("htmx:afterSettle", restore);

  // --- what a person does ---

  document.addEventListener("input", (event) => { if (form()?.contains(event.target)) remember(); });
  document.addEventListener("change", (event) => {
    if (!form()?.contains(event.target)) return;
    changes += 1;
    remember();
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const input = button.parentElement.querySelector("input");
    const units = Math.trunc(Number(input.value) || 0) + Number(button.dataset.step);
    input.value = Math.min(Math.max(units, Number(input.min)), Number(input.max));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    if (event.submitter?.name === "preview") {
      event.preventDefault();
      ask();
    } else if (event.submitter?.name === "start_over") {
      write(null);
    }
  }, true);

  document.addEventListener("DOMContentLoaded", () => {
    if (!name()) return;
    pending = read();
    restore();
  });
})();
