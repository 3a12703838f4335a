// The ticket's page: the composer sends without leaving the page, takes
// pasted and dropped files, and says what arrived meanwhile; on small screens
// what stands beside the conversation is a drawer. Without this the same
// forms are sent by the browser.
//
// Keys: an element with data-key is pressed by that key while nobody types,
// and data-says tells the sheet of keys what it does. In an open menu,
// data-pick is the key of an entry.
(() => {
	"use strict";
	const { $, $$, say, typing, drafts } = window.helpdesk;
	const ticket = $(".ticket"), composer = $("#composer");
	if (!ticket) return;
	const make = (tag, className, text) => { const el = document.createElement(tag); el.className = className || ""; if (text) el.textContent = text; return el; };
	const icon = (name) => { const from = $(".composer .i use, .i use").getAttribute("href").split("#")[0]; const box = make("span"); box.innerHTML = `<svg class="i" width="20" height="20" aria-hidden="true"><use href="${from}#${name}"/></svg>`; return box.firstChild; };
	const sizeOf = (n) => n < 1e3 ? n + " B" : n < 1e6 ? Math.round(n / 1e3) + " kB" : (n / 1e6).toFixed(1) + " MB";

	// ---- files: chosen, pasted, dropped; all of them end up in the form's own field
	const picked = new WeakMap(); // form -> files
	const filesOf = (form) => picked.get(form) || [];
	function setFiles(form, files) {
		picked.set(form, files);
		const dt = new DataTransfer();
		files.forEach((f) => dt.items.add(f));
		$("input[type=file]", form).files = dt.files;
		let list = $(".picked", form);
		if (!list) { list = make("ul", "picked tiles"); $(".foot", form).before(list); }
		list.replaceChildren(...files.map((f) => tile(form, f)));
		list.hidden = !files.length;
		grown();
	}
	function tile(form, f) {
		const li = make("li", "tile"), remove = make("button", "btn btn-quiet btn-sm"), name = make("span");
		const thumb = f.type.startsWith("image/") ? make("canvas", "thumb") : make("span", "thumb");
		if (thumb.tagName === "CANVAS") draw(thumb, f); else thumb.append(icon("file"));
		name.append(make("span", "name", f.name), make("small", "", sizeOf(f.size)));
		remove.type = "button";
		remove.append(icon("x"), make("span", "visually-hidden", say("send.remove", f.name)));
		remove.addEventListener("click", () => { setFiles(form, filesOf(form).filter((x) => x !== f)); $("textarea", form).focus(); });
		li.append(thumb, name, remove);
		return li;
	}
	async function draw(canvas, f) {
		canvas.width = canvas.height = 80;
		try {
			const m = await createImageBitmap(f, { resizeWidth: 160, resizeQuality: "medium" });
			const k = Math.max(80 / m.width, 80 / m.height);
			canvas.getContext("2d").drawImage(m, (80 - m.width * k) / 2, (80 - m.height * k) / 2, m.width * k, m.height * k);
			m.close();
		} catch { canvas.replaceWith(Object.assign(make("span", "thumb"), { textContent: "" })); }
	}
	function addFiles(form, more) {
		const limit = form.dataset.limit * 2 ** 20, all = filesOf(form).slice();
		let sum = all.reduce((n, f) => n + f.size, 0);
		tell(form);
		for (let f of more) {
			if (sum + f.size > limit) { tell(form, say("send.too_large", f.name, form.dataset.limit)); continue; }
			if (/^image\.\w+$/.test(f.name)) { // what browsers call a pasted picture
				const d = new Date(), p = (n) => String(n).padStart(2, "0");
				f = new File([f], `Screenshot ${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())} ${p(d.getHours())}.${p(d.getMinutes())}.${p(d.getSeconds())}.${f.name.split(".").pop()}`, { type: f.type });
			}
			sum += f.size;
			all.push(f);
		}
		setFiles(form, all);
	}
	const current = () => $(`.f-${$(".composer > input:checked")?.id.slice(4)}`);
	document.addEventListener("change", (e) => {
		const form = e.target.type === "file" && e.target.closest(".composer form");
		if (form) addFiles(form, [...e.target.files]);
	});
	document.addEventListener("paste", (e) => {
		const form = e.target.closest?.(".composer form"), files = [...e.clipboardData?.files || []];
		if (!form || !files.length || e.clipboardData.types.includes("text/plain")) return;
		e.preventDefault();
		addFiles(form, files);
	});
	const carries = (e) => composer && [...e.dataTransfer?.types || []].includes("Files");
	document.addEventListener("dragover", (e) => { if (carries(e)) { e.preventDefault(); composer.classList.add("dropping", "open"); composer.dataset.drop = say("send.drop"); } });
	document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) composer?.classList.remove("dropping"); });
	document.addEventListener("drop", (e) => {
		if (!carries(e)) return;
		e.preventDefault();
		composer.classList.remove("dropping");
		const form = e.target.closest?.(".composer form") || current();
		if (form && $("input[type=file]", form)) { addFiles(form, [...e.dataTransfer.files]); $("textarea", form).focus(); }
	});
	// A picture that cannot be made small is a tile with an icon.
	document.addEventListener("error", (e) => {
		const img = e.target;
		if (!img.matches?.("img.thumb")) return;
		const box = make("span", "thumb");
		box.append(icon("photo"));
		img.closest(".tile").classList.remove("shot");
		img.replaceWith(box);
	}, true);

	// ---- the composer
	const grown = () => composer?.classList.toggle("typing", $$("form", composer).some((f) => filesOf(f).length || $$("textarea", f).some((t) => t.value !== t.defaultValue)));
	document.addEventListener("input", (e) => e.target.closest(".composer") && grown());
	document.addEventListener("draft", grown);
	grown();
	$$(".composer textarea").forEach((el) => { el.closest("form").noValidate = true; });

	// A fix is cited below what is written already; without this the link opens
	// the page with it.
	document.addEventListener("click", (e) => {
		const a = e.target.closest?.("a[data-solved]"), text = $(".f-reply textarea");
		if (!a || !text || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
		e.preventDefault();
		$("#tab-reply").click();
		text.value = (text.value.trim() ? text.value.trimEnd() + "\n\n" : "") + a.dataset.solved;
		text.dispatchEvent(new Event("input", { bubbles: true }));
		$(".drawer-close")?.click();
		text.focus();
	});

	// tell shows a line above the form's field; nothing takes it away.
	function tell(form, text, more) {
		$(".sending", form)?.remove();
		if (!text) return;
		const p = make("div", "problem sending");
		p.setAttribute("role", "alert");
		p.append(icon("alert-triangle"), make("span", "", text));
		if (more) p.append(more);
		$("textarea", form).before(p);
	}
	document.addEventListener("submit", async (e) => {
		const form = e.target;
		if (!form.matches(".composer form") || e.submitter?.hasAttribute("formaction")) return;
		e.preventDefault();
		e.stopImmediatePropagation();
		const text = $("textarea", form);
		if (!text.value.trim() && !(form.matches(".f-note") && filesOf(form).length)) { text.focus(); return; }
		if (form.getAttribute("aria-busy")) return;
		drafts.save(text);
		form.setAttribute("aria-busy", "true");
		tell(form);
		try {
			await send(form, e.submitter || $("button.btn-primary", form));
		} finally {
			form.removeAttribute("aria-busy");
		}
	}, true);
	async function send(form, button) {
		const again = () => { const b = make("button", "btn btn-sm", say("send.again")); b.type = "button"; b.addEventListener("click", () => form.requestSubmit(button.isConnected ? button : undefined)); return b; };
		const bytes = filesOf(form).reduce((n, f) => n + f.size, 0);
		let res;
		try {
			res = await fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { "X-From": "composer" }, signal: AbortSignal.timeout(30000 + bytes / 20) });
			if (res.status !== 204 && res.status !== 401 && res.status < 500) res.page = new DOMParser().parseFromString(await res.text(), "text/html");
		} catch {
			tell(form, say("send.offline"), again());
			return;
		}
		if (res.status === 204) return written(form, res.headers.get("X-Written") || location.pathname);
		if (res.status === 401) {
			const a = make("a", "btn btn-sm", say("send.sign_in"));
			a.href = "/login?next=" + encodeURIComponent(location.pathname);
			a.target = "_blank";
			tell(form, say("send.signed_out"), a);
			return;
		}
		const refusal = res.page && $(".refusal", res.page);
		if (refusal) {
			$(".refusal", form)?.remove();
			$("textarea", form).before(document.adoptNode(refusal));
			for (const name of ["once", "seen"]) {
				const now = $(`.${form.className} input[name=${name}]`, res.page);
				if (now && form.elements[name]) form.elements[name].value = now.value;
			}
			const anyway = $("button", refusal);
			if (anyway) anyway.value = button.value;
			refusal.scrollIntoView({ block: "nearest" });
			(anyway || $("textarea", form)).focus();
			refresh();
			return;
		}
		if (res.page && $(".versus", res.page)) { // both texts, to choose
			drafts.saved($("textarea", form)); // the page has it now
			const main = $("#main");
			main.innerHTML = $("#main", res.page).innerHTML;
			document.title = res.page.title;
			scrollTo(0, 0);
			main.focus();
			return;
		}
		tell(form, res.page && $(".trouble h2", res.page)?.textContent || say("send.failed"), again());
	}

	// written shows what was written, and empties its form.
	async function written(form, to) {
		const text = $("textarea", form);
		drafts.saved(text);
		$(".refusal", form)?.remove();
		if ($("input[type=file]", form)) setFiles(form, []);
		const at = new URL(to, location.href);
		let page;
		try {
			page = new DOMParser().parseFromString(await (await fetch(at.pathname)).text(), "text/html");
		} catch { location.assign(at.href); return; } // it is written: the browser says what is wrong now
		const now = $("." + form.className, page);
		if (!now || !$("#thead")) { location.assign(at.pathname); return; }
		text.value = text.defaultValue = $("textarea", now).defaultValue;
		for (const f of $$(".composer form")) { // what the buttons do depends on the ticket
			const fresh = $(`.${f.className}`, page), mine = $(".foot", f), theirs = fresh && $(".foot", fresh);
			if (mine && theirs && !filesOf(f).length) mine.replaceWith(document.adoptNode(theirs));
			const tick = $("[name=children]", f)?.parentElement, tickNow = fresh && $("[name=children]", fresh)?.parentElement;
			if (tick && tickNow) tick.replaceWith(document.adoptNode(tickNow)); else tick?.remove();
		}
		$$("input[name=canned], .keeps, .preview", form).forEach((el) => el.remove());
		const whom = $(".to-whom", form), whomNow = $(".to-whom", now);
		if (whom && whomNow) whom.replaceWith(document.adoptNode(whomNow));
		for (const i of $$("input[type=hidden]", now)) if (form.elements[i.name]) form.elements[i.name].value = i.value;
		$("#flash").replaceChildren(...$("#flash", page).childNodes);
		composer.classList.remove("open", "forced");
		history.replaceState(null, "", at.pathname);
		grown();
		text.blur();
		await refresh();
		unseen.clear(); // who answers has read, or was shown, what came before
		hint();
		const there = at.hash && document.getElementById(at.hash.slice(1));
		if (there) {
			there.tabIndex = -1;
			there.focus({ preventScroll: true });
			there.scrollIntoView({ block: "nearest" });
		} else scrollTo(0, 0);
	}
	const refresh = () => htmx.ajax("GET", $("#thead").getAttribute("hx-get"), { source: "#thead", target: "#thead" });

	// ---- what arrives while one reads
	const entries = () => $$("#said .msg").map((el) => el.id);
	let known = new Set(entries());
	const unseen = new Set();
	const seer = new IntersectionObserver((all) => {
		for (const e of all) if (e.isIntersecting) { unseen.delete(e.target.id); seer.unobserve(e.target); }
		hint();
	}, { rootMargin: "0px 0px -120px 0px", threshold: 0 });
	function hint() {
		const b = $("#arrived"), live = [...unseen].filter((id) => document.getElementById(id));
		if (b) {
			b.hidden = !live.length;
			const text = live.length ? say("arrived", live.length) : "";
			if (b.textContent !== text) b.textContent = text;
		}
		const thead = $("#thead"), reply = $(".f-reply"), fix = $(".f-fix");
		if (!thead) return;
		// An answer counts as written in knowledge of what was seen.
		if (reply?.elements.seen && (!live.length || !$("textarea", reply)?.value)) reply.elements.seen.value = thead.dataset.last;
		const text = fix && $("textarea", fix);
		if (text && text.value === text.defaultValue && !text.matches(":focus")) {
			text.value = text.defaultValue = thead.dataset.fix;
			fix.elements.version.value = thead.dataset.version;
			fix.elements.was.value = thead.dataset.fix;
			fix.elements.was_stage.value = thead.dataset.stage;
		}
	}
	$("#arrived")?.addEventListener("click", () => {
		const first = $$("#said .msg").find((el) => unseen.has(el.id));
		if (!first) return;
		first.tabIndex = -1;
		first.focus({ preventScroll: true });
		first.scrollIntoView({ block: "start" });
	});
	document.addEventListener("htmx:after:swap", () => {
		for (const el of $$("#said .msg")) {
			if (known.has(el.id) || "byMe" in el.dataset) continue;
			unseen.add(el.id);
			seer.observe(el);
		}
		known = new Set(entries());
		hint();
	});

	// ---- live: what somebody has open or is writing is left alone, and read anew when it closes
	// (morphSkip in the layout): what its form says of the version stays what its author saw.
	let skipped = false;
	document.addEventListener("htmx:after:swap", () => { skipped ||= !!$(".ticket details[open]:not(.diagnosis):has(form)"); });
	document.addEventListener("toggle", (e) => {
		if (skipped && e.target.matches?.("details") && !e.target.open) { skipped = false; refresh(); }
	}, true);

	// ---- keys
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape" && drawer.isOpen()) { drawer.close(); e.stopImmediatePropagation(); return; }
		const menu = $(".prop.menu[open]");
		if (menu && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
			const all = $$(".sheet a, .sheet button, .sheet input:not([type=hidden])", menu), at = all.indexOf(document.activeElement);
			e.preventDefault();
			all[(at + (e.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + all.length) % all.length]?.focus();
			return;
		}
		if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || typing(e.target)) return;
		if (menu) {
			const pick = $(`[data-pick="${CSS.escape(e.key)}"]`, menu);
			if (pick) { e.preventDefault(); pick.tagName === "INPUT" ? pick.focus() : pick.click(); }
			return;
		}
		const el = e.key.length === 1 && $(`[data-key="${CSS.escape(e.key)}"]`);
		if (!el || el.tagName === "LABEL") return; // the composer's tabs
		if (!el.getClientRects().length) { // behind "More", on a narrow screen
			const more = $(".more-props:not([open])");
			if (!more || !el.closest(".rare")) return;
			more.open = true;
		}
		e.preventDefault();
		el.click();
		if (el.tagName === "SUMMARY" && el.parentElement.open) $("[data-focus], .sheet .on, .sheet a, .sheet button", el.parentElement)?.focus();
	}, true);

	// ---- the drawer
	const drawer = {
		isOpen: () => ticket.classList.contains("drawer"),
		open() {
			ticket.classList.add("drawer");
			$(".drawer-open").setAttribute("aria-expanded", "true");
			$$(".rail, .topbar, .thead, .talk").forEach((el) => { el.inert = true; });
			$("#side").focus();
		},
		close() {
			ticket.classList.remove("drawer");
			$$(".rail, .topbar, .thead, .talk").forEach((el) => { el.inert = false; });
			$(".drawer-open").setAttribute("aria-expanded", "false");
			$(".drawer-open").focus();
		},
	};
	document.addEventListener("click", (e) => {
		if (e.target.closest(".drawer-open")) { e.preventDefault(); drawer.open(); }
		else if (drawer.isOpen() && (e.target.closest(".drawer-close") || !e.target.closest("#side"))) drawer.close();
	});
	matchMedia("(min-width: 1101px)").addEventListener("change", (e) => { if (e.matches && drawer.isOpen()) drawer.close(); });
})();
