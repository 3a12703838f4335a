// Working a ticket together: tells who has the page open and what they write,
// counts down while an answer can be taken back, inserts replies by searching,
// and shows the mail as its recipient will see it. All of it but the first
// works without this, by the same forms.
(() => {
	"use strict";
	const { $, $$, say, drafts } = window.helpdesk;
	const here = () => $("#here"), composer = $("#composer");
	if (!here()) return;

	// ---- who is here: a beat each 15 s while somebody looks or writes
	const page = drafts.random(), beatEvery = 15000, writesFor = 60000;
	let typedAt = 0, said = "", soon = 0;
	const writes = () => {
		if (Date.now() - typedAt > writesFor) return "";
		for (const kind of ["reply", "fix", "note"]) {
			const text = $(`.f-${kind} textarea`);
			if (text && text.value.trim() && text.value !== text.defaultValue) return kind;
		}
		return "";
	};
	const doing = () => writes() || (document.visibilityState === "visible" ? "look" : "");
	function tellHere(beat) {
		const now = doing();
		if (now === said && !(beat && now)) return;
		said = now;
		const body = new URLSearchParams({ page, doing: now });
		fetch(`/tickets/${here().dataset.number}/here`, { method: "POST", body, keepalive: true }).catch(() => { said = "?"; });
	}
	function leave() {
		if (said === "") return;
		said = "";
		navigator.sendBeacon(`/tickets/${here().dataset.number}/here`, new URLSearchParams({ page, doing: "" }));
	}
	addEventListener("pagehide", leave);
	addEventListener("pageshow", () => tellHere(true));
	document.addEventListener("visibilitychange", () => tellHere());
	document.addEventListener("input", (e) => {
		if (!e.target.matches?.(".composer textarea")) return;
		typedAt = Date.now();
		clearTimeout(soon);
		soon = setTimeout(tellHere, 150);
	});
	document.addEventListener("draft", () => tellHere());
	document.addEventListener("htmx:after:swap", () => tellHere());
	setInterval(() => tellHere(true), beatEvery);
	tellHere(true);

	// ---- taking back: seconds that run
	function count() {
		for (const el of $$(".leaving[data-left]")) {
			if (el.told !== el.dataset.left) { el.told = el.dataset.left; el.until = performance.now() + el.dataset.left * 1000; }
			const left = Math.ceil((el.until - performance.now()) / 1000), when = $(".when", el);
			const text = left > 0 ? say("back.in", left) : say("back.leaving");
			if (when.lastChild.data !== text) when.lastChild.data = text;
			const form = $("form", el);
			if (left <= 0) form.hidden = true;
		}
	}
	setInterval(count, 250);
	document.addEventListener("htmx:after:swap", count);
	// What was taken back is a draft again, before what was begun meanwhile.
	const back = $("textarea[data-back]");
	if (back) {
		const text = back.value;
		back.defaultValue = "";
		back.value = "";
		drafts.restore(back);
		const begun = back.value;
		back.value = begun && begun !== text ? text + "\n\n" + begun : text;
		drafts.save(back);
		back.dispatchEvent(new CustomEvent("draft", { bubbles: true }));
		history.replaceState(null, "", location.pathname);
		back.focus();
	}

	// ---- replies: searched while one types, chosen by arrows and Enter
	let asked = 0;
	async function search(input) {
		const n = ++asked;
		let html = "";
		try {
			const res = await fetch(`${input.dataset.canned}?q=${encodeURIComponent(input.value)}`);
			if (!res.ok) return;
			html = await res.text();
		} catch { return; }
		if (n !== asked) return;
		const box = $(".found", input.parentElement);
		box.innerHTML = html;
		$("button", box)?.classList.add("on");
	}
	document.addEventListener("toggle", (e) => {
		if (!e.target.matches?.(".canned") || !e.target.open) return;
		const input = $("[data-canned]", e.target);
		if (!input) return;
		input.value = "";
		search(input);
	}, true);
	document.addEventListener("input", (e) => {
		if (e.target.matches?.("[data-canned]")) { e.stopPropagation(); search(e.target); return; }
		if (!e.target.matches?.(".f-reply textarea")) return;
		const at = e.target.selectionStart;
		if (e.target.value.slice(at - 2, at) !== "::" || !/(^|\s)$/.test(e.target.value.slice(0, at - 2))) return;
		const menu = $(".canned", e.target.form);
		if (!menu || menu.open) return;
		menu.open = true;
	}, true);
	document.addEventListener("keydown", (e) => {
		if (!e.target.matches?.("[data-canned]")) return;
		const all = $$(".found button", e.target.parentElement), at = all.findIndex((b) => b.classList.contains("on"));
		if (e.key === "Enter") { e.preventDefault(); e.stopImmediatePropagation(); all[Math.max(at, 0)]?.click(); return; }
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		if (!step || !all.length) return;
		e.preventDefault();
		e.stopImmediatePropagation();
		all[at]?.classList.remove("on");
		const to = all[(at + step + all.length) % all.length];
		to.classList.add("on");
		to.scrollIntoView({ block: "nearest" });
	}, true);
	document.addEventListener("click", (e) => {
		const b = e.target.closest?.(".found [data-reply]");
		if (!b) return;
		const form = b.closest("form"), text = $("textarea", form), at = text.selectionStart;
		let from = at;
		if (text.value.slice(at - 2, at) === "::") from = at - 2;
		text.setRangeText(b.dataset.text, from, text.selectionEnd, "end");
		const used = document.createElement("input");
		Object.assign(used, { type: "hidden", name: "canned", value: b.dataset.reply });
		form.append(used);
		b.closest("details").open = false;
		text.focus();
		const gap = /⟦[^⟦⟧\n]*⟧/.exec(text.value.slice(from));
		if (gap) text.setSelectionRange(from + gap.index, from + gap.index + gap[0].length);
		text.dispatchEvent(new Event("input", { bubbles: true }));
	});

	// ---- the mail as its recipient will see it, in a frame above the text
	document.addEventListener("submit", (e) => {
		if (!e.submitter?.hasAttribute("data-preview")) return;
		e.preventDefault();
		const form = e.target, old = $(".preview", form);
		if (old) { old.remove(); e.submitter.removeAttribute("aria-pressed"); return; }
		const box = document.createElement("div"), frame = document.createElement("iframe"), ask = document.createElement("form");
		box.className = "preview";
		frame.className = "paper";
		frame.name = "mail-preview";
		frame.title = form.dataset.frame;
		frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
		frame.referrerPolicy = "no-referrer";
		box.append(frame);
		$("textarea", form).before(box);
		Object.assign(ask, { method: "post", action: e.submitter.formAction, target: frame.name, hidden: true });
		const put = (name, value) => ask.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
		const sends = $("button.btn-primary[name=then]", form);
		put("text", $("textarea", form).value);
		put("then", sends ? sends.value : "");
		put("once", form.elements.once.value);
		put("parts", form.elements.parts?.value || "");
		$$("input[name=to]:checked", form).forEach((i) => put("to", i.value));
		$$("input[name=kept]:checked", form).forEach((i) => put("kept", i.value));
		[...$("input[type=file]", form).files].forEach((f) => put("file", f.name));
		document.body.append(ask);
		ask.submit();
		ask.remove();
		e.submitter.setAttribute("aria-pressed", "true");
	}, true);
	// What is shown is what was written then: writing on closes it.
	document.addEventListener("input", (e) => { if (e.target.matches?.(".f-reply textarea")) closePreview(e.target.form); });
	const closePreview = (form) => { $(".preview", form)?.remove(); $("[data-preview]", form)?.removeAttribute("aria-pressed"); };
})();
