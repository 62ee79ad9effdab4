# Sees to a PostgreSQL server for the gradebook's test: the one that is there, or Debian's. Without one the test skips.
for initdb in "$(command -v initdb)" /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$initdb" ]; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "No PostgreSQL found; installing one for the gradebook's test ..."
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy postgresql && exit 0
fi
echo "No PostgreSQL here: install your system's package, or the test of gradebooks on PostgreSQL is skipped."
