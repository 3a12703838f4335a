// Keys that work everywhere: / (in app.js), ?, c, v, and g with a letter. Never
// while one types; not at all when they are switched off in the account.
(() => {
	"use strict";
	const { $, say, typing } = window.helpdesk;
	const pages = { b: "/board", t: "/tickets", a: "/assets", p: "/people", r: "/orders" };
	let going = 0; // until when a letter after g is waited for

	// On the window and first of all, so that the letter after g is nobody else's.
	addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target)) return;
		if (document.body.dataset.keys === "off") {
			// Letters do nothing, in whatever script listens for them.
			if (e.key.length === 1 && e.key !== " ") e.stopImmediatePropagation();
			return;
		}
		if ($("dialog[open]")) {
			if (e.key === "?") { e.preventDefault(); $("dialog[open]").close(); }
			return;
		}
		if (going > Date.now() && pages[e.key]) {
			going = 0;
			e.preventDefault();
			e.stopImmediatePropagation();
			location.href = pages[e.key];
			return;
		}
		going = 0;
		if (!document.body.dataset.me || !$(".find")) return; // managers have none of these pages
		if (e.key === "g") { going = Date.now() + 1500; e.stopImmediatePropagation(); }
		else if (e.key === "?") { e.preventDefault(); help(); }
		else if (e.key === "v" && !$(".prop.menu[open]")) { e.preventDefault(); location.href = "/call"; }
		else if (e.key === "c" && !$(".prop.menu[open]")) { e.preventDefault(); location.href = "/tickets/new"; }
	}, true);

	// help shows the keys of this page, out of the page that lists all of them.
	async function help() {
		let sheet;
		try {
			const res = await fetch("/keys?live=1");
			if (!res.ok) throw new Error(res.status);
			sheet = $("#keys", new DOMParser().parseFromString(await res.text(), "text/html"));
		} catch { location.href = "/keys"; return; }
		for (const group of sheet.querySelectorAll("[data-where]")) if (group.dataset.where && !$(group.dataset.where)) group.remove();
		const d = document.createElement("dialog");
		d.className = "keys-sheet";
		d.setAttribute("aria-labelledby", "keys-title");
		const head = document.createElement("header"), h = document.createElement("h2"), b = document.createElement("button"), foot = document.createElement("p"), all = document.createElement("a");
		h.id = "keys-title";
		h.textContent = say("keys.title");
		b.type = "button";
		b.className = "btn btn-sm";
		b.textContent = say("keys.close");
		b.addEventListener("click", () => d.close());
		all.href = "/keys";
		all.textContent = say("keys.all");
		foot.append(all);
		head.append(h, b);
		d.append(head, sheet, foot);
		d.addEventListener("close", () => d.remove());
		d.addEventListener("click", (e) => { if (e.target === d) d.close(); });
		document.body.append(d);
		d.showModal();
	}
})();
