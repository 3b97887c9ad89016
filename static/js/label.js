// The button that opens the browser's print dialogue. Without this script the browser's own menu prints the page.
"use strict";

(() => {
  const place = document.querySelector("[data-print]");
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => print());
})();
