// The scripts of the shared components: errors that take the focus, flashes
// that are read out, fields that search as one types.
(() => {
	"use strict";
	const { $, say } = window.helpdesk;

	// What went wrong is where the reader begins.
	const wrong = !$(".sg") && ($("[data-focus-first]") || $("[aria-invalid='true']"));
	if (wrong) { wrong.focus({ preventScroll: false }); }

	// Screen readers speak what changes in a live region, not what was in it
	// when the page came.
	for (const told of document.querySelectorAll("#flash .flash > span, .problem[role=alert]:not([data-focus-first]) > span")) {
		const text = told.textContent;
		told.textContent = "";
		setTimeout(() => { told.textContent = text; }, 100);
	}

	// ---- picker: a combobox with a list (ARIA Authoring Practices, editable
	// combobox with list autocomplete).
	let count = 0;
	function pick(box) {
		const input = $("input[type=text]", box), hidden = $("input[type=hidden]", box);
		const list = document.createElement("ul"), told = document.createElement("span");
		list.className = "picks";
		list.hidden = true;
		list.id = "picks" + ++count;
		list.setAttribute("role", "listbox");
		list.setAttribute("aria-label", $("label", box).textContent);
		told.className = "visually-hidden";
		told.setAttribute("role", "status");
		input.parentElement.append(list, told);
		input.setAttribute("role", "combobox");
		input.setAttribute("aria-autocomplete", "list");
		input.setAttribute("aria-expanded", "false");
		input.setAttribute("aria-controls", list.id);
		let at = -1, found = [], timer, asking;
		const chosen = () => box.classList.toggle("chosen", !!hidden.value);
		chosen();
		const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
		const light = (i) => {
			at = i;
			[...list.children].forEach((li, n) => li.setAttribute("aria-selected", n === i));
			if (i < 0) { input.removeAttribute("aria-activedescendant"); return; }
			input.setAttribute("aria-activedescendant", list.children[i].id);
			list.children[i].scrollIntoView({ block: "nearest" });
		};
		const choose = (i) => {
			hidden.value = found[i].value;
			$("input[name$=_was]", box)?.remove(); // it is for whoever has no script
			input.value = found[i].text;
			close();
			chosen();
			told.textContent = "";
			box.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: found[i] }));
		};
		const show = () => {
			list.replaceChildren(...found.map((f, i) => {
				const li = document.createElement("li"), small = document.createElement("small");
				li.id = list.id + "-" + i;
				li.setAttribute("role", "option");
				li.setAttribute("aria-selected", "false");
				li.append(f.text);
				if (f.note) { small.textContent = f.note; li.append(small); }
				li.addEventListener("pointerdown", (e) => e.preventDefault()); // the field keeps the focus
				li.addEventListener("click", () => choose(i)); // not before: a click that ends beside the list would close the menu around it
				return li;
			}));
			told.textContent = found.length ? say("pick.found", found.length) : say("pick.none");
			list.hidden = !found.length;
			input.setAttribute("aria-expanded", String(!!found.length));
			at = -1;
		};
		const ask = async () => {
			asking?.abort();
			const q = input.value.trim();
			if (!q) { close(); told.textContent = ""; return; }
			asking = new AbortController();
			try {
				const res = await fetch(`/pick?kind=${encodeURIComponent(box.dataset.picker)}&q=${encodeURIComponent(q)}`, { signal: asking.signal });
				if (!res.ok) throw new Error(res.status);
				found = await res.json();
				if (document.activeElement === input) show();
			} catch (e) { if (e.name !== "AbortError") told.textContent = say("pick.failed"); }
		};
		input.addEventListener("input", () => { hidden.value = ""; chosen(); clearTimeout(timer); timer = setTimeout(ask, 120); });
		input.addEventListener("keydown", (e) => {
			if (list.hidden) { if (e.key === "ArrowDown" && input.value) { e.preventDefault(); ask(); } return; }
			if (e.key === "ArrowDown") { e.preventDefault(); light((at + 1) % found.length); }
			else if (e.key === "ArrowUp") { e.preventDefault(); light((at <= 0 ? found.length : at) - 1); }
			else if (e.key === "Enter") { e.preventDefault(); choose(Math.max(at, 0)); }
			else if (e.key === "Escape") { e.preventDefault(); e.stopPropagation(); close(); }
			else if (e.key === "Tab" && at >= 0) choose(at);
		});
		input.addEventListener("blur", () => { asking?.abort(); clearTimeout(timer); close(); });
	}
	const wire = () => document.querySelectorAll("[data-picker]:not([data-wired])").forEach((box) => { box.dataset.wired = "1"; pick(box); });
	document.addEventListener("htmx:after:swap", wire);
	wire();
})();
