"""The threads of a web process, and how many of them slow work may take: pages keep the others."""

WEB_THREADS = 10
# Calls to APIFRAME while somebody waits for the page; each ends within 20 s.
APIFRAME_SLOTS = 3
# Downloads that pass through us, each as long as its reader takes.
DOWNLOAD_SLOTS = 2
# Work for this machine's own processors (a picture is looked into), a second or two each; so many may wait for it.
LOOK_SLOTS = 1
LOOKS_WAITING = 1
# Forms of who signs in have these of their own: a flood of them keeps no thread from pages.
SIGN_IN_THREADS = 2
# So many may wait for one: the last of them for some seconds.
SIGN_INS = 40
# And of them so many from one address, lest one stranger has all.
SIGN_INS_OF_A_NETWORK = 5
# Webhooks have these of their own: however many come at once, they keep no thread from pages, and wait in line rather
# than for each other's turns on the processor.
WEBHOOK_THREADS = 2
