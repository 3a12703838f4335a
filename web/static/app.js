// What pages do beyond HTML: keys, dragging, fresh times. Every page
// reads and every form works without it.
(() => {
	"use strict";
	const { $, $$, say, typing } = window.helpdesk;

	// ---- times: fresh words; the exact time on hover is the server's, in the reader's zone
	function times() {
		for (const el of $$("time[datetime]")) {
			const at = new Date(el.dateTime), s = (Date.now() - at) / 1000;
			if (s < -60 || s >= (el.classList.contains("age") ? 90 : 7) * 86400) continue;
			const k = el.classList.contains("age") ? "age." : "time.";
			el.textContent = s < 60 ? say(k + "now") : s < 3600 ? say(k + "minutes", Math.floor(s / 60))
				: s < 86400 ? say(k + "hours", Math.floor(s / 3600)) : say(k + "days", Math.floor(s / 86400));
		}
	}
	setInterval(times, 30000);

	// ---- deadlines: the page reads itself again when one of its marks is to say something else
	setInterval(() => {
		if (!document.hidden && $$("[data-turn]").some((el) => Number(el.dataset.turn) <= Date.now())) $("#live")?.dispatchEvent(new CustomEvent("poll"));
	}, 20000);

	// ---- the way back leads to the list that one came from, with its filters
	const crumb = $(".crumb"), here = location.pathname;
	try {
		if (!crumb || here === "/locations" || here === "/models") {
			if (/^\/(board|tickets|assets|orders|people|locations|models)$/.test(here)) sessionStorage.setItem("list", JSON.stringify([here, location.search, $(".topbar h1").textContent]));
		} else {
			const [path, query, title] = JSON.parse(sessionStorage.getItem("list") || "[]"), to = crumb.getAttribute("href");
			if (path && (path === to || to === "/board" && path === "/tickets")) {
				crumb.href = path + query;
				crumb.lastChild.data = title;
			}
		}
	} catch { /* a browser that keeps nothing: the way back leads where the page says */ }

	// ---- menus: one open at a time, closed by Escape and by a click elsewhere
	const closeMenus = (but) => $$("details.menu[open]").forEach((d) => d !== but && !d.contains(but) && d.removeAttribute("open"));
	document.addEventListener("click", (e) => closeMenus(e.target.closest("details.menu")));
	document.addEventListener("toggle", (e) => {
		const d = e.target;
		if (!d.matches?.("details") || !d.open) return;
		if (d.matches(".menu")) closeMenus(d);
		$("[data-focus], [data-focus-in] :is(input:not([type=hidden]), textarea)", d)?.focus();
		keepInside($(".sheet", d));
		$$("iframe.paper", d).forEach(fit);
	}, true);
	function keepInside(sheet) {
		if (!sheet) return;
		sheet.style.translate = "";
		const over = sheet.getBoundingClientRect().right - (document.documentElement.clientWidth - 8); // innerWidth grows with what sticks out
		if (over > 0) sheet.style.translate = -over + "px 0";
	}

	// ---- the composer opens when it gets the focus, and closes by a click elsewhere:
	// were it to close on losing the focus, its own buttons would move away under the pointer.
	document.addEventListener("focusin", (e) => e.target.closest?.(".composer form, .composer > input")?.closest(".composer").classList.add("open"));
	document.addEventListener("pointerdown", (e) => { if (!e.target.closest(".composer")) $(".composer")?.classList.remove("open"); });

	// ---- keys
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape") {
			const open = $("details.menu[open], details.edit[open]");
			if (open) { open.removeAttribute("open"); $("summary", open)?.focus(); }
			else if (typing(e.target) || e.target.closest?.(".composer")) { e.target.closest(".composer")?.classList.remove("open"); e.target.blur(); }
			closeMove();
			return;
		}
		if ((e.ctrlKey || e.metaKey) && e.key === "Enter" && e.target.form?.closest(".composer")) {
			e.preventDefault();
			e.target.form.requestSubmit();
			return;
		}
		if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
		if (moving) return moveKey(e);
		if (e.key === "/") { const q = $("#q"); if (q?.offsetParent) { e.preventDefault(); q.focus(); q.select(); } else location.href = "/search"; return; }
		const tab = { r: "reply", n: "note", f: "fix" }[e.key];
		if (tab && $("#tab-" + tab)) { e.preventDefault(); openTab(tab); return; }
		const kind = $(".f-note select[name=kind]");
		if (e.key === "o" && kind && !$(".prop.menu[open]")) { e.preventDefault(); kind.value = "phone"; openTab("note"); return; }
		boardKey(e);
	});
	document.addEventListener("click", (e) => { // a tab was chosen by mouse; arrow keys stay on the tabs
		const label = e.target.closest(".composer .tabs label");
		if (label) { e.preventDefault(); openTab(label.htmlFor.slice(4)); }
	});
	function openTab(name) {
		const tab = $("#tab-" + name);
		tab.checked = true;
		tab.closest(".composer").classList.add("open");
		$(`.f-${name} textarea`)?.focus();
	}

	// ---- the board: move with j k h l or arrows, m and a stage's number; or drag
	const cards = () => $$("#board .tcard");
	function boardKey(e) {
		if (!$("#board")) return;
		const here = document.activeElement?.closest?.(".tcard");
		if (e.key === "m" && here) { e.preventDefault(); askMove(here); return; }
		const step = { j: [0, 1], ArrowDown: [0, 1], k: [0, -1], ArrowUp: [0, -1], l: [1, 0], ArrowRight: [1, 0], h: [-1, 0], ArrowLeft: [-1, 0] }[e.key];
		if (!step) return;
		if (!here) { if (cards().length) { e.preventDefault(); focusCard(cards()[0]); } return; }
		e.preventDefault();
		const columns = $$("#board .cards").map((c) => $$(".tcard", c)).filter((c) => c.length);
		const x = columns.findIndex((c) => c.includes(here)), y = columns[x].indexOf(here);
		const column = columns[Math.min(Math.max(x + step[0], 0), columns.length - 1)];
		focusCard(column[Math.min(Math.max(step[0] ? y : y + step[1], 0), column.length - 1)]);
	}
	const focusCard = (card) => { const a = $(".subject", card); a.focus({ focusVisible: true }); card.scrollIntoView({ block: "nearest", inline: "nearest" }); };

	let moving = null;
	const stages = () => $$("#board .cards").map((c) => c.dataset.stage).filter((s) => s !== "archived");
	function askMove(card) {
		closeMove();
		const bar = document.createElement("div");
		bar.className = "movebar";
		bar.setAttribute("role", "menu");
		const p = document.createElement("p");
		p.textContent = say("board.move");
		bar.append(p);
		stages().forEach((stage, i) => {
			if (card.closest(".cards").dataset.stage === stage) return;
			const b = document.createElement("button"), k = document.createElement("kbd");
			b.type = "button";
			b.setAttribute("role", "menuitem");
			b.textContent = $(`#h-${stage}`).textContent;
			k.textContent = i + 1;
			b.append(k);
			b.addEventListener("click", () => { closeMove(); move(card, stage); });
			bar.append(b);
		});
		document.body.append(bar);
		const r = card.getBoundingClientRect();
		bar.style.left = Math.min(r.left + 12, innerWidth - bar.offsetWidth - 12) + "px";
		bar.style.top = Math.max(8, Math.min(r.top + 32, innerHeight - bar.offsetHeight - 12)) + "px";
		moving = { card, bar };
		$("button", bar)?.focus();
	}
	function moveKey(e) {
		const n = parseInt(e.key, 10) - 1, stage = stages()[n];
		const buttons = $$("button", moving.bar), at = buttons.indexOf(document.activeElement);
		if (stage) { e.preventDefault(); const { card } = moving; closeMove(); move(card, stage); }
		else if (e.key === "ArrowDown" || e.key === "j") { e.preventDefault(); buttons[(at + 1) % buttons.length].focus(); }
		else if (e.key === "ArrowUp" || e.key === "k") { e.preventDefault(); buttons[(at - 1 + buttons.length) % buttons.length].focus(); }
	}
	function closeMove() {
		if (!moving) return;
		const { card, bar } = moving;
		moving = null;
		bar.remove();
		if (card.isConnected) focusCard(card);
	}
	document.addEventListener("pointerdown", (e) => moving && !moving.bar.contains(e.target) && closeMove());

	// move asks the server; a stage that needs words is finished on the ticket's page.
	async function move(card, stage) {
		const number = card.dataset.number;
		if ((stage === "confirming" || stage === "completed") && !(card.dataset.fix && card.dataset.said)) { location.href = `/tickets/${number}?do=fix&then=${stage}#composer`; return; }
		if (stage === "dropped") { location.href = `/tickets/${number}?do=drop`; return; }
		if (stage === "confirming") { location.href = `/tickets/${number}?do=fix&then=confirming#composer`; return; }
		card.setAttribute("aria-busy", "true");
		const body = new URLSearchParams({ stage, version: card.dataset.version, was: card.closest(".cards").dataset.stage });
		try {
			const res = await fetch(`/tickets/${number}/stage`, { method: "POST", body, headers: { "X-From": "board" } });
			if (!res.ok) notice(await problemOf(res));
		} catch { notice(say("live.offline")); }
		await refreshBoard();
		const again = document.getElementById("t" + number);
		if (again) focusCard(again);
	}
	async function problemOf(res) {
		const page = new DOMParser().parseFromString(await res.text(), "text/html");
		return $(".trouble h2, .problem span", page)?.textContent || say("live.offline");
	}
	const refreshBoard = () => htmx.ajax("GET", $("#board").getAttribute("hx-get"), { target: "#board", select: "#board", swap: "outerMorph" });
	function notice(text) {
		const at = $("#flash"), p = document.createElement("p");
		p.className = "flash problem";
		p.textContent = text;
		at.replaceChildren(p);
		at.scrollIntoView({ block: "nearest" });
	}

	let dragging = false;
	function sortable() {
		if (typeof Sortable === "undefined" || matchMedia("(max-width: 700px)").matches) return;
		for (const list of $$("#board .cards")) {
			if (Sortable.get(list)) continue;
			const archived = list.dataset.stage === "archived";
			Sortable.create(list, {
				group: { name: "board", put: !archived, pull: !archived }, sort: false, animation: 120, draggable: ".tcard",
				forceFallback: true, fallbackTolerance: 4, fallbackOnBody: true, // a card holds a link, which browsers would drag instead
				delay: 150, delayOnTouchOnly: true, // a finger that scrolls does not drag
				onStart() { dragging = true; $("#board").classList.add("dragging"); },
				onEnd(e) {
					dragging = false;
					$("#board").classList.remove("dragging");
					if (e.from === e.to) return;
					const stage = e.to.dataset.stage;
					e.from.insertBefore(e.item, e.from.children[e.oldIndex] || null); // the server's answer moves it
					move(e.item, stage);
				},
			});
		}
	}
	document.addEventListener("htmx:before:swap", (e) => { if (dragging) e.preventDefault(); });

	// ---- forms
	document.addEventListener("submit", (e) => {
		// A second click must not send it twice.
		if (e.target.method === "post" && !e.target.hasAttribute("hx-post")) {
			if (e.target.dataset.sent) { e.preventDefault(); return; }
			e.target.dataset.sent = "1";
			setTimeout(() => delete e.target.dataset.sent, 5000);
		}
		e.target.closest("details.menu, details.edit")?.removeAttribute("open");
	});

	// ---- mail frames are as tall as their mail
	function fit(frame) {
		const measure = () => {
			const doc = frame.contentDocument;
			if (doc?.documentElement && frame.offsetParent) frame.style.height = Math.min(Math.ceil(doc.documentElement.getBoundingClientRect().height) + 2, Math.max(innerHeight * 1.5, 800)) + "px";
		};
		measure();
		if (!frame.dataset.fitted) { frame.dataset.fitted = "1"; frame.addEventListener("load", measure); }
	}

	let refit; // lines break anew when a telephone is turned
	addEventListener("resize", () => { cancelAnimationFrame(refit); refit = requestAnimationFrame(() => $$("details[open] iframe.paper").forEach(fit)); });

	// ---- live: while the stream is down, pages ask again by themselves
	let streaming = false;
	document.addEventListener("htmx:sse:after:connection", () => { streaming = true; offline(false); });
	document.addEventListener("htmx:sse:close", () => { streaming = false; });
	document.addEventListener("htmx:sse:error", () => { streaming = false; });
	const poll = () => $("#live")?.dispatchEvent(new CustomEvent("poll"));
	let again; // what could not be read anew is asked for again, also while the stream lives
	document.addEventListener("htmx:error", () => { if (!streaming || !navigator.onLine) offline(true); clearTimeout(again); again = setTimeout(poll, 2000); });
	addEventListener("online", poll);
	document.addEventListener("htmx:after:request", () => offline(false));
	// The words come after the region is there, or nobody would be told them.
	const offline = (is) => {
		const el = $("#offline"), words = el && $("span", el);
		if (!el || el.hidden === !is) return;
		el.hidden = !is;
		words.textContent = "";
		if (is) setTimeout(() => { words.textContent = say("live.offline"); }, 100);
	};
	setInterval(() => { const live = $("#live"); if (live && !streaming && !document.hidden) poll(); }, 10000);

	function wire() { times(); sortable(); $$("details[open] iframe.paper").forEach(fit); }
	document.addEventListener("htmx:after:swap", () => { times(); sortable(); });
	wire();
	// After load, since going to the address's #composer takes the focus away.
	if (location.hash === "#composer") addEventListener("load", () => setTimeout(() => $(".composer form:not([hidden]) textarea")?.closest("form") && openTab($(".composer > input:checked")?.id.slice(4) || "reply")));
})();
