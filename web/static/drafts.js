// Drafts: what is being typed into a textarea with data-draft is kept in this
// browser at each pause, until it is saved on the server or discarded. With
// it go the form's hidden fields: the key under which it is written at most
// once, and what its author saw when it was begun. helpdesk.drafts is for the
// scripts of single pages.
(() => {
	"use strict";
	const { $$, say } = window.helpdesk;
	const me = document.body.dataset.me || "0";
	const keep = 60 * 86400e3; // milliseconds
	const keyOf = (el) => `draft:${me}:${el.dataset.draft}`;
	const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
	const write = (key, d) => { try { d ? localStorage.setItem(key, JSON.stringify(d)) : localStorage.removeItem(key); } catch { /* full, or forbidden: the text is still on the page */ } };
	const hidden = (form) => $$("input[type=hidden]", form).filter((i) => !i.closest("[data-picker]")); // an id goes with its words, which are no draft
	const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

	function save(el) {
		clearTimeout(el.pause);
		if (el.value === el.defaultValue) { write(keyOf(el)); return; }
		const d = read(keyOf(el));
		if (d?.text === el.value) return;
		write(keyOf(el), { text: el.value, at: Date.now(), hidden: Object.fromEntries(hidden(el.form).map((i) => [i.name, i.value])) });
	}
	function line(el, text, does, act) {
		el.parentNode.querySelector(`.draft-line`)?.remove();
		if (!text) return;
		const p = document.createElement("p"), b = document.createElement("button");
		p.className = "draft-line";
		p.append(text);
		if (act) {
			b.type = "button";
			b.className = "link";
			b.textContent = does;
			b.addEventListener("click", act);
			p.append(" · ", b);
		}
		el.before(p);
	}
	function put(el, d) {
		el.value = d.text;
		for (const i of hidden(el.form)) if (d.hidden && i.name in d.hidden) i.value = d.hidden[i.name];
		el.dispatchEvent(new CustomEvent("draft", { bubbles: true }));
	}
	function restore(el) {
		const d = read(keyOf(el));
		if (!d?.text || el.value !== el.defaultValue || d.text === el.value) return;
		const before = Object.fromEntries(hidden(el.form).map((i) => [i.name, i.value]));
		const details = el.closest("details");
		if (details) details.open = true;
		put(el, d);
		const at = new Date(d.at), today = at.toDateString() === new Date().toDateString();
		const when = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: today ? undefined : "medium", timeStyle: "short", hourCycle: "h23" }).format(at);
		line(el, say("draft.from", when), say("draft.discard"), () => {
			const last = { ...d, text: el.value };
			write(keyOf(el));
			put(el, { text: el.defaultValue, hidden: before });
			line(el, say("draft.discarded"), say("draft.undo"), () => { put(el, last); save(el); line(el); el.focus(); });
			el.focus();
		});
	}
	// saved forgets a draft that the server has, in every window.
	function saved(el) {
		const once = el.form.elements.once?.value;
		write(keyOf(el), { saved: once, text: "" });
		write(keyOf(el));
		line(el);
	}
	addEventListener("storage", (e) => {
		const now = e.newValue && read(e.key);
		if (!now || !("saved" in now) || !now.saved) return;
		for (const el of $$("textarea[data-draft]")) {
			const once = el.form.elements.once;
			if (keyOf(el) !== e.key || once?.value !== now.saved) continue;
			once.value = random();
			const was = JSON.parse(e.oldValue || "null")?.text;
			if (was !== undefined && was.trim() !== el.value.trim()) continue; // it went on here: another one
			put(el, { text: el.defaultValue });
			line(el, say("draft.sent_elsewhere"));
		}
	});
	document.addEventListener("input", (e) => {
		const el = e.target;
		if (!el.matches("textarea[data-draft]")) return;
		clearTimeout(el.pause);
		el.pause = setTimeout(save, 250, el);
		grow(el);
	});
	const flush = () => $$("textarea[data-draft]").forEach((el) => el.pause && save(el));
	addEventListener("pagehide", flush);
	document.addEventListener("visibilitychange", flush);
	document.addEventListener("focusout", (e) => e.target.matches?.("textarea[data-draft]") && e.target.pause && save(e.target));
	// A form that leaves the page: what it carries is forgotten when the next page says that it was saved.
	document.addEventListener("submit", (e) => {
		const drafts = $$("textarea[data-draft]", e.target);
		if (!drafts.length) return;
		drafts.forEach(save);
		sessionStorage.setItem("leaving", JSON.stringify(drafts.map(keyOf)));
	});
	const left = JSON.parse(sessionStorage.getItem("leaving") || "[]");
	sessionStorage.removeItem("leaving");
	if (document.querySelector("#flash .flash:not(.problem)")) left.forEach((key) => write(key));
	for (const key of Object.keys(localStorage)) if (key.startsWith("draft:") && !(read(key)?.at > Date.now() - keep)) localStorage.removeItem(key);

	// Browsers that cannot size a field by its content are helped.
	const grows = CSS.supports("field-sizing", "content");
	function grow(el) {
		if (grows) return;
		el.style.height = "auto";
		el.style.height = Math.min(el.scrollHeight + 2, innerHeight * .4) + "px";
	}
	$$("textarea[data-draft]").forEach((el) => { restore(el); grow(el); });
	window.helpdesk.drafts = { save, saved, restore, random };
})();
