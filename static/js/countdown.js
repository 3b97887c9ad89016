// Deadlines count down from the server's clock, not the reader's; times are shown in the browser's zone unless the
// reader has chosen one. Without this script the page shows the words and times that the server wrote.
"use strict";

(() => {
  const started = Date.now() / 1000;
  const two = (number) => String(number).padStart(2, "0");

  function show(element) {
    const { due, now, over } = element.dataset;
    const left = Math.floor(due - now - (Date.now() / 1000 - started));
    if (left <= 0) {
      element.textContent = over;
      return false;
    }
    // Above a day the server's words say enough.
    if (left < 86400) {
      element.textContent = `${two(Math.floor(left / 3600))}:${two(Math.floor((left % 3600) / 60))}:${two(left % 60)}`;
    }
    return true;
  }

  let running = [...document.querySelectorAll(".tick[data-due]")].filter(show);
  const timer = setInterval(() => {
    running = running.filter(show);
    if (!running.length) clearInterval(timer);
  }, 1000);

  if (!document.body.dataset.zone) {
    const options = { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" };
    const format = new Intl.DateTimeFormat(document.documentElement.lang, options);
    for (const time of document.querySelectorAll("time[datetime]")) {
      time.textContent = format.format(new Date(time.dateTime));
    }
  }
})();
