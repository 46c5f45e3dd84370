// Tells the server the member's time zone, for the days of the history. A page that comes back from the browser's memory
// is asked for again where its member has signed out since.

const page = document.querySelector("[data-member]");
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (page) document.cookie = `zone=${timeZone};path=/;max-age=31536000;samesite=lax`;

addEventListener("pageshow", () => {
  if (!page || document.cookie.split("; ").includes(`member=${page.dataset.member}`)) return;
  document.body.hidden = true;
  location.reload();
});
