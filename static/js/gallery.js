// Photos open large in place, can be zoomed, and close with Escape, which gives the focus back. Without this script a
// photo opens as a page of its own.
import PhotoSwipeLightbox from "../vendor/photoswipe/photoswipe-lightbox.esm.min.js";

// What the server keeps of a photo at most. Where it does not know a photo's size yet, the picture on the page tells how
// wide it is to its height.
const LONGEST = 2048;

function sized(data, element) {
  const picture = element.querySelector("img");
  if (data.w || !picture?.naturalWidth) return data;
  const scale = LONGEST / Math.max(picture.naturalWidth, picture.naturalHeight);
  return { ...data, w: picture.naturalWidth * scale, h: picture.naturalHeight * scale };
}

const words = document.querySelector("[data-gallery-words]")?.dataset ?? {};
const lightbox = new PhotoSwipeLightbox({
  gallery: "[data-gallery]",
  children: "a",
  pswpModule: () => import("../vendor/photoswipe/photoswipe.esm.min.js"),
  closeTitle: words.close,
  zoomTitle: words.zoom,
  arrowPrevTitle: words.previous,
  arrowNextTitle: words.next,
});
lightbox.addFilter("domItemData", (data, element) => sized(data, element));
lightbox.init();

// Photos that came later, with an update of the page.
document.body.addEventListener("htmx:oobAfterSwap", () => lightbox.init());
