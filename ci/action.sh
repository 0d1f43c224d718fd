#!/usr/bin/env bash
# The steps of action.yml: installs samigrate from the action's own files, runs it, and reports.
set -uo pipefail

home="${RUNNER_TEMP:-/tmp}/samigrate"
python3 -I -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH" || exit 2
samigrate="$home/bin/samigrate"

# What the files hold is shown, and must not be taken for commands to the runner.
token=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
trap 'echo "::$token::"' EXIT

set -f # paths and options are split at spaces, and patterns in them are ours to read
options=()
for recipe in ${RECIPES:-}; do options+=(--recipe "$recipe"); done
for option in ${ARGS:-}; do options+=("$option"); done
paths=(${PATHS:-.})

diff="$home/samigrate.diff"
"$samigrate" migrate "${options[@]}" "${paths[@]}" >"$diff"
code=$?
changed=false
[ -s "$diff" ] && changed=true
{ echo "changed=$changed"; echo "diff=$diff"; } >>"${GITHUB_OUTPUT:-/dev/null}"
if [ "${SUMMARY:-true}" = true ]; then
  # A summary page takes 1 MiB; cut at a whole line well below.
  "$samigrate" audit "${options[@]}" --format markdown "${paths[@]}" 2>/dev/null | head -c 1000000 >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
if [ -n "${SARIF:-}" ]; then
  "$samigrate" migrate --check --quiet "${options[@]}" --format sarif --output "$SARIF" "${paths[@]}" 2>/dev/null
fi
case "${MODE:-check}" in
  check) [ "$code" -ne 0 ] && exit "$code"; [ "$changed" = false ] && exit 0; cat "$diff"; exit 1 ;;
  diff) cat "$diff"; exit "$code" ;;
  write) "$samigrate" migrate --write --quiet "${options[@]}" "${paths[@]}" ;;
  *) echo "mode must be check, diff or write, not $MODE" >&2; exit 2 ;;
esac
