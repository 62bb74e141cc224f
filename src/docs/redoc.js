document.body.style.margin = 0;
// The search would start a worker from a blob, which the content-security-policy forbids.
Redoc.init("openapi.json", {disableSearch: true}, document.getElementById("docs"));
