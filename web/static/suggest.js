// The search field answers while one types: an ARIA combobox with a listbox.
(() => {
	"use strict";
	const { $, say } = window.helpdesk;
	const wait = 120; // ms after the last key

	for (const input of document.querySelectorAll("[data-suggest]")) attach(input, document.getElementById("suggest-" + input.dataset.suggest));

	function attach(input, box) {
		if (!box) return;
		const said = document.createElement("span");
		said.className = "visually-hidden";
		said.setAttribute("role", "status");
		box.after(said);
		for (const [k, v] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": box.id, "aria-haspopup": "listbox" })) input.setAttribute(k, v);
		let timer = 0, asking = null, shown = null, at = -1;
		const options = () => [...box.querySelectorAll("[role=option]")];

		function close() {
			clearTimeout(timer);
			asking?.abort();
			asking = null;
			box.hidden = true;
			at = -1;
			input.setAttribute("aria-expanded", "false");
			input.removeAttribute("aria-activedescendant");
		}
		function open() {
			if (!box.childElementCount) return;
			box.hidden = false;
			input.setAttribute("aria-expanded", "true");
		}
		async function ask() {
			const q = input.value.trim();
			asking?.abort();
			if (!q) { shown = null; box.replaceChildren(); said.textContent = ""; close(); return; }
			if (q === shown) { open(); return; }
			const mine = asking = new AbortController();
			try {
				const res = await fetch("/search/suggest?q=" + encodeURIComponent(q), { signal: mine.signal, headers: { "HX-Request": "true" } });
				if (!res.ok) throw new Error(res.status);
				const html = await res.text();
				if (asking !== mine || document.activeElement !== input) return;
				box.innerHTML = html;
				shown = q;
				options().forEach((o, i) => { o.id = `${box.id}-${i}`; });
				mark(-1);
				open();
				const n = +($(".all", box)?.dataset.n || 0);
				said.textContent = n ? say("suggest.n", n) : $(".all", box)?.textContent.trim() || "";
			} catch (e) {
				if (e.name !== "AbortError") close(); // Enter still searches
			}
		}
		function mark(i) {
			const all = options();
			at = i;
			all.forEach((o, n) => o.setAttribute("aria-selected", n === i ? "true" : "false"));
			if (i < 0) { input.removeAttribute("aria-activedescendant"); return; }
			input.setAttribute("aria-activedescendant", all[i].id);
			all[i].scrollIntoView({ block: "nearest" });
		}

		input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, wait); });
		input.addEventListener("focus", () => { if (input.value.trim() && input.value.trim() === shown) open(); });
		input.addEventListener("keydown", (e) => {
			if (e.isComposing) return;
			const n = options().length;
			if (e.key === "ArrowDown" || e.key === "ArrowUp") {
				e.preventDefault();
				if (box.hidden) { clearTimeout(timer); ask(); return; }
				if (n) mark(e.key === "ArrowDown" ? (at + 1) % n : at < 0 ? n - 1 : at - 1);
			} else if (e.key === "Enter" && !box.hidden && at >= 0) {
				e.preventDefault();
				options()[at].click();
			} else if (e.key === "Enter") close();
			else if (e.key === "Escape" && !box.hidden) {
				e.preventDefault();
				e.stopPropagation(); // the field keeps the focus; a second Escape leaves it
				close();
			} else if (e.key === "Tab") close();
		});
		box.addEventListener("mousedown", (e) => e.preventDefault()); // the field keeps the focus
		box.addEventListener("mousemove", (e) => { const i = options().indexOf(e.target.closest("[role=option]")); if (i >= 0 && i !== at) mark(i); });
		document.addEventListener("pointerdown", (e) => { if (!box.hidden && e.target !== input && !box.contains(e.target)) close(); });
		addEventListener("pageshow", close);
	}
})();
