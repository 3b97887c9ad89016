// What every page of the admin does beside the skin.
"use strict";

// A request of htmx carries the token that a form carries.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});

// A choice by searching calls the words that it shows a text box, one without a name. They name the choice themselves.
function nameChoices(within) {
  for (const shown of within.querySelectorAll(".select2-selection__rendered[role=textbox]")) {
    shown.removeAttribute("role");
    shown.removeAttribute("aria-readonly");
  }
}

// After the skin’s own start, which is asked for in the same way.
window.django?.jQuery?.(() => nameChoices(document));
document.addEventListener("formset:added", (event) => nameChoices(event.target));
