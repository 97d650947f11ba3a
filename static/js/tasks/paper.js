// Printing the report: the charts are drawn anew for paper, which is white and narrow.

const root = document.documentElement;

const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

export async function printReport() {
  const {theme} = root.dataset;
  root.dataset.theme = "light";
  root.dataset.medium = "paper";
  await drawn();
  window.print();
  delete root.dataset.medium;
  if (theme) {
    root.dataset.theme = theme;
  } else {
    delete root.dataset.theme;
  }
}
