// Where there are more tabs than fit, the one that is shown is seen.

document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
