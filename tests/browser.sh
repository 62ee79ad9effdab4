# Sees to a Chromium for the browser tests: the system's, Debian's, or Playwright's own.
set -e
if [ -n "$CHROMIUM" ] || command -v chromium >/dev/null || command -v google-chrome >/dev/null; then exit 0; fi
echo "No Chromium found; installing one for the browser tests ..."
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy chromium
else
    "$1/playwright" install chromium
fi
