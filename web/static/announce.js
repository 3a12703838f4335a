// Screen readers are told what came by itself: requests, cards that others
// moved, messages. The region is there, empty, before anything is said in it,
// and keeps what was said until there is something else to say.
(() => {
	"use strict";
	const told = document.getElementById("told");
	if (!told) return;
	const words = JSON.parse(document.getElementById("words")?.textContent || "{}");
	const say = (key, ...args) => args.reduce((s, a, i) => s.replace(`{${i}}`, () => a), words[key] || key);
	const text = (sel, in_) => in_.querySelector(sel)?.textContent.trim().replace(/\s+/g, " ") || "";

	// What is on the page, by id: what it is called, and where it stands.
	function look() {
		const all = new Map();
		for (const card of document.querySelectorAll("#board .tcard[id]"))
			all.set(card.id, { name: `${text(".who span", card)} ${text(".subject", card)}`, at: card.closest("[data-stage]")?.dataset.stage, in: text("h2, h3", card.closest("section") || card) });
		for (const row of document.querySelectorAll("#list tr[id]"))
			all.set(row.id, { name: `${text(".ref", row)} ${text(".main-cell a", row)}` });
		for (const one of document.querySelectorAll("#said .msg[id]"))
			all.set(one.id, { name: text("header b", one), said: text(".text", one), mine: one.hasAttribute("data-by-me") });
		return all;
	}
	let before = look(), timer;
	const tell = (lines) => {
		const most = 3;
		told.textContent = lines.slice(0, most).join(" ") + (lines.length > most ? " " + say("live.more", lines.length - most) : "");
	};
	function compare() {
		const now = look(), lines = [];
		for (const [id, x] of now) {
			const was = before.get(id);
			if (!was) {
				if (x.said === undefined) lines.push(say("live.new", x.name));
				else if (!x.mine) lines.push(say("live.said", x.name, x.said.slice(0, 120)));
			} else if (was.at !== x.at) lines.push(say("live.moved", x.name, x.in));
		}
		before = now;
		if (lines.length) tell(lines);
	}
	document.addEventListener("htmx:after:swap", () => { clearTimeout(timer); timer = setTimeout(compare, 150); });
})();
