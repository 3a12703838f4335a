// The browser's time zone is told once, so that times are the reader's own.
(() => {
	"use strict";
	const tell = document.getElementById("zone");
	if (tell) {
		const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
		if (zone) fetch(tell.dataset.tell, { method: "POST", body: new URLSearchParams({ zone, first: "1" }) }).catch(() => {});
	}
})();
