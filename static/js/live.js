// The page asks whether anything has happened, and shows it: every few seconds while it is looked at, rarely while its
// tab is hidden, at once when somebody comes back to it. What is being typed stays: then a line says that there is news.
// Without this script a person loads the page again.
"use strict";

(() => {
  const OFTEN = 5_000;
  const RARELY = 60_000;
  const FOR_A_WHILE = 20_000;
  const region = (element) => element.closest("[id^=live-]");
  let timer;
  let fading;
  let focused;

  function look() {
    clearTimeout(timer);
    const place = document.getElementById("live");
    // Nothing happens to a ticket that has ended.
    if (!place?.hasAttribute("hx-get")) return;
    htmx.trigger(place, "look");
    timer = setTimeout(look, document.hidden ? RARELY : OFTEN);
  }

  function touched(field) {
    if (field.type === "hidden") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.type === "file") return field.files.length > 0;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  }

  function busy(place) {
    // A form on its way, or photos that wait for theirs.
    if (place.querySelector("form[data-sent], [data-photos] li")) return true;
    const fields = [...place.querySelectorAll("form input, form select, form textarea")];
    return fields.some(touched) || Boolean(document.activeElement.closest("form") && place.contains(document.activeElement));
  }

  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (!region(target) || target.id === "live-said") return;
    const same = target.dataset.same;
    if (same !== undefined && same === fragment.firstElementChild?.dataset.same) {
      event.detail.shouldSwap = false;
    } else if (busy(target)) {
      event.detail.shouldSwap = false;
      document.getElementById("live-banner").hidden = false;
    } else if (target.contains(document.activeElement)) {
      focused = { place: target.id, at: [...target.querySelectorAll("a, button, summary")].indexOf(document.activeElement) };
    }
  });

  // What happened stays readable for a while, and in the history for ever.
  function fade() {
    clearTimeout(fading);
    fading = setTimeout(() => document.getElementById("live-said").replaceChildren(), FOR_A_WHILE);
  }

  // Whoever stood in a part that was swapped stands at the same place of the new one.
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id === "live-said") fade();
    const place = focused && document.getElementById(focused.place);
    if (place) {
      const stops = place.querySelectorAll("a, button, summary");
      (stops[Math.min(focused.at, stops.length - 1)] ?? document.querySelector("main")).focus({ preventScroll: true });
      focused = undefined;
    }
    scripted();
  });

  function scripted() {
    for (const element of document.querySelectorAll("[data-scripted]")) element.hidden = false;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? undefined : look()));
  timer = setTimeout(look, OFTEN);
  scripted();
})();
