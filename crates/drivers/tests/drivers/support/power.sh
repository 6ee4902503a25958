#!/bin/sh
# The machines of a test's SSH device: power VERB OUTPUT. A machine's state is a file beside this one.
cd "$(dirname "$0")" || exit 9
echo "$*" >> runs
state=state-$2
[ -e "$state" ] || echo off > "$state"
case "$1" in
    status) echo "power is $(cat "$state")" ;;
    code) grep -q on "$state" ;;
    unclear) echo "perhaps" ;;
    on) echo on > "$state" ;;
    off | shutdown) echo off > "$state" ;;
    reset) echo off > "$state" && echo on > "$state" ;;
    broken) echo "  the fuse is blown  " >&2; exit 3 ;;
    late) echo on > "$state"; echo "it was slow" >&2; exit 4 ;;
    hang) exec sleep 5 ;;
    flood) head -c 3000000 /dev/zero | tr '\0' x ;;
    daemon) echo on > "$state"; sleep 5 & ;;
    die) kill -KILL $$ ;;
    boot | light) ;;
    *) echo "what is $1?" >&2; exit 2 ;;
esac
