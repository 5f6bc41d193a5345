// The viewer of the API knows no system theme of its own: it is told, and told again when it changes.
const viewer = document.getElementById("viewer");
const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = document.documentElement.dataset.theme;
const follow = () => viewer.setAttribute("theme", chosen || (dark.matches ? "dark" : "light"));

follow();
dark.addEventListener("change", follow);
