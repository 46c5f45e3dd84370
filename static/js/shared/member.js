// A page that comes back from the browser's memory is asked for again where its member has signed out since.

addEventListener("pageshow", () => {
  const page = document.querySelector("[data-member]");
  if (!page || document.cookie.split("; ").includes(`member=${page.dataset.member}`)) return;
  document.body.hidden = true;
  location.reload();
});
