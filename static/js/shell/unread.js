// How much waits to be read, in the tab's title and on its icon.

const SIZE = 64;
const icon = globalThis.document?.getElementById("favicon");
const plain = icon?.href;
let newest = 0;

/** All that waits to be read in these areas. */
export const unreadOf = (app, areas) => areas.reduce((sum, {count}) => sum + (count?.(app) ?? 0), 0);

export async function showUnread(count) {
  newest = count;
  document.title = count > 0 ? `(${count}) Stock Insight` : "Stock Insight";
  const badge = count > 0 ? await drawn(count).catch(() => null) : null; // the title says it too
  if (count === newest) {
    icon.type = badge ? "image/png" : "image/svg+xml";
    icon.href = badge ?? plain;
  }
}

async function drawn(count) {
  const image = new Image(SIZE, SIZE);
  image.src = plain;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SIZE;
  canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, SIZE, SIZE);
  pen.fillStyle = "#d3203a";
  pen.beginPath();
  pen.arc(44, 44, 20, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = "bold 28px sans-serif";
  pen.textAlign = "center";
  pen.fillText(count > 9 ? "9+" : count, 44, 54, 34);
  return canvas.toDataURL();
}
