// Lists: rows that are selected, and walked by keys.
(() => {
	"use strict";
	const { $, $$, say, typing } = window.helpdesk;
	const boxes = () => $$("td.pick [data-pick]");
	const keyOf = (box) => box.value.split(":")[0];

	// What is selected, by the row's own number: it survives the list being read again.
	const picked = new Set();
	let last = null; // the box that was ticked last, where a range begins
	function show() {
		const all = boxes(), on = all.filter((b) => b.checked);
		picked.clear();
		on.forEach((b) => picked.add(keyOf(b)));
		const bar = $("#bulk"), n = $("[data-picked]");
		bar?.classList.toggle("on", on.length > 0);
		if (n) n.textContent = say("pick.n", on.length);
		const head = $("[data-pick-all]");
		if (head) { head.checked = on.length > 0 && on.length === all.length; head.indeterminate = on.length > 0 && on.length < all.length; }
		if (!on.length) last = null;
	}
	function range(to, on) {
		const all = boxes(), a = all.findIndex((b) => keyOf(b) === last), z = all.indexOf(to);
		if (a < 0) return;
		all.slice(Math.min(a, z), Math.max(a, z) + 1).forEach((b) => { b.checked = on; });
	}
	let shift = false;
	document.addEventListener("click", (e) => {
		shift = e.shiftKey;
		if (e.target.closest("[data-pick-none]")) { boxes().forEach((b) => { b.checked = false; }); show(); }
	}, true);
	document.addEventListener("change", (e) => {
		const el = e.target;
		if (el.matches("[data-pick-all]")) boxes().forEach((b) => { b.checked = el.checked; });
		else if (el.matches("td.pick [data-pick]")) { if (shift) range(el, el.checked); last = keyOf(el); }
		else return;
		show();
	});
	document.addEventListener("mousedown", (e) => { if (e.shiftKey && e.target.closest("td.pick")) e.preventDefault(); }); // selects no text
	// What needs words is not sent without them.
	document.addEventListener("click", (e) => {
		const b = e.target.closest("[data-needs]"), text = b && document.getElementById(b.dataset.needs);
		if (!text || text.value.trim()) return;
		e.preventDefault();
		text.setCustomValidity(say("pick.needs"));
		text.reportValidity();
		text.addEventListener("input", () => text.setCustomValidity(""), { once: true });
	});
	// The list was read again: what was selected stays so.
	document.addEventListener("htmx:after:swap", () => {
		if (!boxes().length) return;
		const were = new Set(picked);
		boxes().forEach((b) => { b.checked = were.has(keyOf(b)); });
		show();
	});

	// Enter in a box does nothing, and in a field of the bar what the button beside it does:
	// browsers press the first button of the form.
	document.addEventListener("keydown", (e) => {
		if (e.key !== "Enter" || e.defaultPrevented || e.target.form?.id !== "bulk" || e.target.tagName !== "INPUT") return;
		e.preventDefault();
		e.target.closest(".field")?.querySelector("button[name=do]")?.click();
	});

	// ---- keys: j and k walk, Enter follows the link that has the focus, x selects,
	// and the letters of the bar open its menus for what is selected
	const rows = () => $$("table[data-keys] tbody tr, ul[data-keys] > li");
	const linkOf = (row) => $(".main-cell a", row) || $("a", row);
	document.addEventListener("keydown", (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
		const t = e.target;
		if (typing(t)) return;
		if (e.key === "Escape" && picked.size && !$("details.menu[open]")) { boxes().forEach((b) => { b.checked = false; }); show(); return; }
		if (document.body.dataset.keys === "off") return;
		const menu = picked.size && e.key.length === 1 && $(`#bulk [data-key="${CSS.escape(e.key)}"]`);
		if (menu) {
			e.preventDefault();
			menu.click();
			if (menu.parentElement.open) $(".sheet .form-control, .sheet button", menu.parentElement)?.focus();
			return;
		}
		const all = rows();
		if (!all.length) return;
		const at = all.indexOf(t.closest("tr, ul[data-keys] > li"));
		if (e.key === "j" || e.key === "k") {
			e.preventDefault();
			const to = all[at < 0 ? 0 : Math.min(Math.max(at + (e.key === "j" ? 1 : -1), 0), all.length - 1)];
			linkOf(to)?.focus({ focusVisible: true });
			to.scrollIntoView({ block: "nearest" });
		} else if (e.key.toLowerCase() === "x" && at >= 0) {
			const box = $("[data-pick]", all[at]);
			if (!box) return;
			e.preventDefault();
			box.checked = !box.checked;
			if (e.shiftKey) range(box, box.checked);
			last = keyOf(box);
			show();
		}
	});
	$(".viewbar .tabbar a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
	show(); // a browser may have kept what was ticked before going back
	addEventListener("pageshow", show);
})();
