// Sets theme and text size before the first paint, so that a dark screen never
// flashes white. The console's preferences module takes over from here.
(function () {
  var saved = {};
  try {
    saved = JSON.parse(localStorage.getItem("millrace.preferences") || "{}");
  } catch (e) {}
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  var theme = saved.theme === "dark" || saved.theme === "light" ? saved.theme : dark ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  if (saved.size > 100) document.documentElement.style.zoom = saved.size / 100;
})();
