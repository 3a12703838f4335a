// What the other scripts share: finding elements, the interface's words, and
// whether somebody is typing.
window.helpdesk = (() => {
	"use strict";
	const $ = (sel, in_ = document) => in_.querySelector(sel);
	const $$ = (sel, in_ = document) => [...in_.querySelectorAll(sel)];
	const words = JSON.parse($("#words")?.textContent || "{}");
	// say is the catalogue's, as in Go: "one | many" by the first argument, {0}, {1}.
	const say = (key, ...args) => {
		const [one, many] = (words[key] || key).split(" | ");
		return args.reduce((s, a, i) => s.replace(`{${i}}`, () => a), many && args[0] !== 1 ? many : one);
	};
	// Letters mean something else while one types into el.
	const typing = (el) => !!el && (el.isContentEditable || /^(TEXTAREA|SELECT)$/.test(el.tagName) || el.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(el.type));
	return { $, $$, say, typing };
})();
