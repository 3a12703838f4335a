// Runs before the page is drawn, so that a dark page never flashes white.
(() => {
	const html = document.documentElement;
	html.classList.add("js");
	if (html.hasAttribute("data-theme-fixed")) return;
	const dark = matchMedia("(prefers-color-scheme: dark)");
	const follow = () => html.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
	follow();
	dark.addEventListener("change", follow);
})();
