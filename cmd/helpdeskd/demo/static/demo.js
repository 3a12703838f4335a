// Looks every two seconds whether letters have come, and shows them in place.
(() => {
	const live = () => document.querySelectorAll("[data-live]");
	if (!live().length) return;
	const look = async () => {
		if (document.hidden) return;
		const got = await fetch(location.href, { headers: { "X-Demo-Look": "1" } }).catch(() => null);
		if (!got || !got.ok) return;
		const page = new DOMParser().parseFromString(await got.text(), "text/html");
		for (const part of live()) {
			const next = page.getElementById(part.id);
			if (next && next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.innerHTML = next.innerHTML;
		}
	};
	setInterval(look, 2000);
	// On a phone the people are a strip: whoever was chosen is in sight.
	const strip = document.getElementById("people"), on = strip?.querySelector("[aria-current]");
	if (on) strip.scrollLeft = on.offsetLeft - 16;
})();
