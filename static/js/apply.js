// Keeps the chosen photos when the application page is shown again with a sum or with errors: a browser forgets files
// on every load. Without this script the page says which photos to choose again.
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

  function listen() {
    main.querySelector("form[enctype]")?.addEventListener("submit", send);
  }

  listen();
})();
