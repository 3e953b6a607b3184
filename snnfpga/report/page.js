// Draws every figure of the page; colours are the style sheet's, so light and dark follow the reader's system.
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 600px)");

  // "var(--c0)" anywhere in a figure becomes the colour that the style sheet gives it now.
  function coloured(value, style) {
    if (typeof value === "string") {
      const named = /^var\((--[a-z0-9]+)\)$/.exec(value);
      return named ? style.getPropertyValue(named[1]).trim() : value;
    }
    if (Array.isArray(value)) {
      return value.every((item) => typeof item === "number") ? value : value.map((item) => coloured(item, style));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const source of document.querySelectorAll("script.figure")) {
      const figure = coloured(JSON.parse(source.textContent), style);
      figure.layout.dragmode = narrow.matches ? false : "zoom";     // a finger scrolls the page
      Plotly.react(source.previousElementSibling, figure.data, figure.layout,
                   {responsive: true, displaylogo: false, displayModeBar: false});
    }
  }

  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
  draw();
}());
