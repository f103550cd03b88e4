#!/bin/bash
# The installed command runs from any directory, read-only, with an empty environment.
. "$(dirname "$0")/lib.sh"

dest=$WORK/dest
if ! make --no-print-directory install "B=$(realpath --relative-to=. "$BUILD")" "DESTDIR=$dest" PREFIX=/opt/retwine >"$WORK/out" 2>"$WORK/err"
then
	fail install "make install failed"
	finish
fi
ok
check install "no command" test -x "$dest/opt/retwine/bin/retwine"
check install "files outside the prefix" test "$(find "$dest" -type f | grep -vc "^$dest/opt/retwine/")" -eq 0
check install "names the build's folder" test "$(grep -rlF "$dest" "$dest" | wc -l)" -eq 0

chmod -R a-w,a+rX "$dest"
chmod a+x "$WORK"
cp "$EXAMPLES/hello.wasm" "$WORK"
chmod a+r "$WORK/hello.wasm"
find "$dest" -type f -exec sha256sum {} + | sort >"$WORK/sums"

# As root nothing is read-only: then run as nobody.
as=()
if [ "$(id -u)" -eq 0 ]; then
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
from_root() {
	(cd / && exec "${as[@]}" env -i "$@") </dev/null >"$WORK/out" 2>"$WORK/err"
	status=$?
}
echo "hello from WebAssembly" >"$WORK/expected"
from_root "$dest/opt/retwine/bin/retwine" "${RUN[@]}" "$WORK/hello.wasm"
check_status "installed run" 0
check_same "installed run" "$WORK/expected"

ln -s "dest/opt/retwine/bin/retwine" "$WORK/elsewhere"
from_root "$WORK/elsewhere" "${RUN[@]}" "$WORK/hello.wasm"
check_status "run by a symlink" 0
check_same "run by a symlink" "$WORK/expected"

from_root "$dest/opt/retwine/bin/retwine" measure "$WORK/hello.wasm"
check_status "installed measure" 0
cp "$WORK/out" "$WORK/installed"
retwine measure "$EXAMPLES/hello.wasm"
check_same "measures the same as the build's" "$WORK/out" "$WORK/installed"

# The compiler is found from where the command is.
mkdir "$WORK/made"
chmod a+rwx "$WORK/made"
from_root "$dest/opt/retwine/bin/retwine" compile --quiet -o "$WORK/made/hello.wasm" "$WORK/hello.wasm"
check_status "installed compile" 0
from_root "$dest/opt/retwine/bin/retwine" "${RUN[@]}" --engine=native \
	"$WORK/made/hello.wasm"
check_status "installed run of native code" 0
check_same "installed run of native code" "$WORK/expected"

find "$dest" -type f -exec sha256sum {} + | sort >"$WORK/sums_after"
check_same "the installed files are as they were" "$WORK/sums" "$WORK/sums_after"

finish
