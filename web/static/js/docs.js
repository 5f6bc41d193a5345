// The viewer of the API knows neither the system's theme nor our colours: it is told, and told again when they change.
const viewer = document.getElementById("viewer");
const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = document.documentElement.dataset.theme;
const colours = {
  "bg-color": "--paper",
  "text-color": "--ink",
  "primary-color": "--bot",
  "nav-bg-color": "--sunk",
  "nav-text-color": "--ink-2",
  "nav-hover-bg-color": "--card",
  "nav-hover-text-color": "--ink",
  "nav-accent-color": "--ink",
};

// It wants a colour as six digits; the browser gives the theme's as red, green and blue.
const digits = (name) => {
  const probe = document.body.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const parts = getComputedStyle(probe).color.match(/[0-9]+/g).slice(0, 3);
  probe.remove();
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
};

const follow = () => {
  viewer.setAttribute("theme", chosen || (dark.matches ? "dark" : "light"));
  for (const [attribute, name] of Object.entries(colours)) viewer.setAttribute(attribute, digits(name));
};

follow();
dark.addEventListener("change", follow);
