// A waybill's number names its carrier where it can only be one's, and is read by the camera where the browser can read
// codes. Without this script both are typed.
"use strict";

(() => {
  const CODES = ["code_128", "code_39", "itf", "ean_13", "codabar", "qr_code", "data_matrix"];
  const EVERY = 200;

  function carrierOf(number) {
    const text = number.normalize("NFKC").toUpperCase().replace(/\s/g, "");
    const options = [...document.querySelectorAll("#carriers option[data-sure]")];
    return options.find((option) => new RegExp(`^(?:${option.dataset.sure})$`).test(text))?.value ?? "";
  }

  function name(form) {
    const carrier = form.elements.carrier;
    if (!carrier.value || carrier.dataset.guessed === carrier.value) {
      carrier.value = carrierOf(form.elements.number.value);
      carrier.dataset.guessed = carrier.value;
    }
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (event.target.name === "number" && form.elements.carrier) name(form);
  });

  async function scan(place) {
    const form = place.closest("form");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const video = Object.assign(document.createElement("video"), { srcObject: stream, playsInline: true, muted: true });
    video.className = "mt-2 w-full rounded-box";
    place.append(video);
    const stop = () => {
      stream.getTracks().forEach((track) => track.stop());
      video.remove();
    };
    place.closest("form").addEventListener("submit", stop, { once: true });
    await video.play();
    const detector = new BarcodeDetector({ formats: CODES });
    while (video.isConnected) {
      const [code] = await detector.detect(video);
      if (code) {
        form.elements.number.value = code.rawValue;
        name(form);
        stop();
        form.elements.number.focus();
      }
      await new Promise((done) => { setTimeout(done, EVERY); });
    }
  }

  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-scan]");
    if (!place || !event.target.closest("button")) return;
    const running = place.querySelector("video");
    if (running) {
      running.srcObject.getTracks().forEach((track) => track.stop());
      running.remove();
      return;
    }
    // Without the right to the camera the number is typed.
    scan(place).catch(() => { place.hidden = true; });
  });

  function offer() {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
    for (const place of document.querySelectorAll("[data-scan]")) place.hidden = false;
  }

  document.body.addEventListener("htmx:oobAfterSwap", offer);
  offer();
})();
