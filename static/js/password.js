// A button below each password shows what was typed: on a phone it is typed once and easily mistyped. Without this
// script it stays hidden, as everywhere.
"use strict";

(() => {
  for (const input of document.querySelectorAll("input[data-show]")) {
    const button = document.createElement("button");
    const hidden = (yes) => {
      input.type = yes ? "password" : "text";
      button.textContent = yes ? input.dataset.show : input.dataset.hide;
    };
    button.type = "button";
    button.className = "btn btn-ghost px-2";
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => hidden(input.type === "text"));
    // A browser keeps what stood in a text field, and offers it again.
    input.form.addEventListener("submit", () => hidden(true));
    hidden(true);
    input.after(button);
  }
})();
