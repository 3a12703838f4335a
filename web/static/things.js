// The scripts of the inventory's pages: a row's form opens in place, files can
// be dropped, and the fields of a new model appear only for one.
(() => {
	"use strict";
	const { $ } = window.helpdesk;

	// ---- Stow and Deploy of a row open their form below it
	const close = () => {
		const row = $(".move-row");
		if (!row) return;
		const link = row.previousElementSibling?.querySelector("[data-move][aria-expanded]");
		link?.removeAttribute("aria-expanded");
		row.remove();
		return link;
	};
	document.addEventListener("click", async (e) => {
		const link = e.target.closest("a[data-move]");
		if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
		e.preventDefault();
		const again = link.getAttribute("aria-expanded") === "true";
		close();
		if (again) return;
		let form;
		try {
			const res = await fetch(link.href);
			if (!res.ok || res.redirected) throw new Error(res.status);
			form = $("#moveform .move-form", new DOMParser().parseFromString(await res.text(), "text/html"));
		} catch { /* the page itself says what is wrong */ }
		if (!form) { location.href = link.href; return; }
		close();
		const row = document.createElement("tr"), cell = document.createElement("td");
		row.className = "move-row";
		cell.colSpan = link.closest("tr").cells.length;
		cell.append(document.importNode(form, true));
		row.append(cell);
		link.closest("tr").after(row);
		link.setAttribute("aria-expanded", "true");
		document.dispatchEvent(new CustomEvent("htmx:after:swap")); // wires what is new
		$("input:not([type=hidden])", row)?.focus();
		row.scrollIntoView({ block: "nearest" });
	});
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape" && $(".move-row")?.contains(e.target)) close()?.focus();
	});

	// ---- a menu's form is for typing at once
	document.addEventListener("toggle", (e) => {
		if (e.target.matches?.("details.act") && e.target.open) $(".sheet .form-control", e.target)?.focus();
	}, true);

	// ---- one of the recent places fills the field beside it
	document.addEventListener("change", (e) => {
		const group = e.target.closest("[data-fills]");
		if (!group) return;
		const form = e.target.form, name = group.dataset.fills;
		const held = $(`input[type=hidden][name="${name}"]`, form); // elements[name] is a list: the text beside it has that id
		form.elements[name + "_text"].value = e.target.dataset.text;
		held.value = e.target.value;
		held.closest(".picker").classList.add("chosen");
		form.elements[name + "_was"]?.remove();
	});
	document.addEventListener("input", (e) => {
		const group = e.target.form && $("[data-fills]", e.target.form);
		if (group && e.target.name === group.dataset.fills + "_text") group.querySelectorAll(":checked").forEach((r) => { r.checked = false; });
	});

	// ---- a model that is known needs no kind and no manufacturer
	const fresh = $("[data-new-model]"), what = $("#what");
	if (fresh && what) {
		const known = new Set([...document.querySelectorAll("#models option")].map((o) => o.value.toLowerCase()));
		const look = () => fresh.toggleAttribute("data-known", !what.value.trim() || known.has(what.value.trim().toLowerCase()));
		what.addEventListener("input", look);
		if (!$(".wrong", fresh)) look();
	}

	// ---- files: chosen, photographed or dropped, they are sent at once
	for (const form of document.querySelectorAll("form[data-drop]")) {
		const max = form.dataset.max * 1024 * 1024;
		const send = (files) => {
			form.querySelector(".problem")?.remove();
			if ([...files].some((f) => f.size > max)) {
				const p = document.createElement("p");
				p.className = "problem";
				p.setAttribute("role", "alert");
				p.textContent = form.dataset.large;
				form.prepend(p);
				form.querySelectorAll("input[type=file]").forEach((i) => { i.value = ""; });
				return;
			}
			form.setAttribute("aria-busy", "true");
			form.requestSubmit();
		};
		form.addEventListener("change", (e) => { if (e.target.files?.length) send(e.target.files); });
		form.addEventListener("dragover", (e) => { e.preventDefault(); form.classList.add("over"); });
		form.addEventListener("dragleave", () => form.classList.remove("over"));
		form.addEventListener("drop", (e) => {
			e.preventDefault();
			form.classList.remove("over");
			if (!e.dataTransfer.files.length) return;
			const input = form.querySelector("input[type=file]");
			input.files = e.dataTransfer.files;
			send(input.files);
		});
	}
})();
