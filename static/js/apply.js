// Keeps the chosen photos when the application page is shown again with a sum or with errors: a browser forgets files
// on every load. Without this script the page says which photos to choose again.
// Shows only what fits where the goods are and what should happen, and asks for amounts and goods once that is chosen.
// Without it everything is there, and what does not fit is refused in words.
"use strict";

(() => {
  const main = document.querySelector("main");

  async function send(event) {
    event.preventDefault();
    const form = event.target;
    const data = new FormData(form, event.submitter);
    const photos = form.elements.photos;
    if (event.submitter?.name === "preview") {
      data.delete("photos");
      for (const file of photos.files) data.append("photos", file.name);
    }
    form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    try {
      await show(await fetch(location.href, { method: "POST", body: data }), photos);
    } catch {
      // No answer: the same form may be sent again, its token makes that one ticket.
      form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
      form.removeEventListener("submit", send);
      form.requestSubmit(event.submitter);
    }
  }

  async function show(response, photos) {
    const text = await response.text();
    if (response.redirected) {
      // Not loaded again: the page that came says once that the ticket was filed.
      history.pushState(null, "", response.url);
      document.open();
      document.write(text);
      document.close();
      return;
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    main.replaceChildren(...page.querySelector("main").childNodes);
    const input = main.querySelector("input[name=photos]");
    if (input && photos.files.length) {
      input.files = photos.files;
      main.querySelector("[data-photos-lost]")?.remove();
    }
    listen();
    main.focus();
    scrollTo(0, 0);
  }

  function chosen(form, name) {
    const field = form.elements[name];
    return field?.value ?? "";
  }

  // An element that names kinds or places fits when nothing is chosen yet, or what is chosen is among them.
  function fits(element, choices) {
    return Object.entries(choices).every(([about, value]) => {
      const named = element.dataset[about];
      return named === undefined || !value || named.split(" ").includes(value);
    });
  }

  function fit(form) {
    const goods = chosen(form, "goods");
    for (const radio of form.querySelectorAll("input[name=kind][data-goods]")) {
      const fitting = fits(radio, { goods });
      radio.closest("div").hidden = !fitting;
      if (!fitting) radio.checked = false;
    }
    const choices = { goods, kinds: chosen(form, "kind") };
    for (const part of form.querySelectorAll("div[data-kinds]")) {
      part.hidden = !choices.kinds || !fits(part, choices);
      // What is hidden is not sent.
      part.querySelectorAll("input, select").forEach((field) => { field.disabled = part.hidden; });
    }
    for (const option of form.querySelectorAll("select[name=reason] option")) {
      option.hidden = option.disabled = !fits(option, choices);
      if (option.disabled && option.selected) form.elements.reason.value = "";
    }
  }

  function listen() {
    const form = main.querySelector("form[enctype]");
    if (!form) return;
    form.addEventListener("submit", send);
    form.addEventListener("change", () => fit(form));
    fit(form);
  }

  listen();
})();
