// What settings pages do beyond HTML, and on every page: the browser's time
// zone is told once, so that times are the reader's own.
(() => {
	"use strict";
	// On a narrow page the way to the others is a strip: the page's own entry shows.
	document.querySelector(".side-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
	const tell = document.querySelector("[data-tell]"); // some pages have a field of that name
	if (tell) {
		const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
		if (zone) fetch(tell.dataset.tell, { method: "POST", body: new URLSearchParams({ zone, first: "1" }) }).catch(() => {});
	}
	// Lines to copy get a button; they can be marked and copied without one.
	document.addEventListener("click", e => {
		const b = e.target.closest?.("[data-copy-button]");
		if (!b) return;
		const text = b.parentElement.querySelector("pre").textContent;
		navigator.clipboard?.writeText(text).then(() => { b.textContent = b.dataset.done; setTimeout(() => { b.textContent = b.dataset.word; }, 2000); }, () => {});
	});
})();
