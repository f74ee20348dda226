/**
 * The shell function `print_times`. It reads `$dir/files`, which has a line `FILE SECOND CONTENT` for each file of a
 * context, and prints a line `NUMBER SECOND` for each file whose time must change. NUMBER is the line number of the file.
 *
 * `$times` is the directory of the record of all answers. For one FILE, a SECOND is never given to two contents. The record
 * keeps the last 16 pairs of a file. A content that is not among them gets a second after all recorded ones.
 *
 * The record is the file whose name is the highest number. A build writes a new version to a draft and hard-links it to the
 * next number. Only one of several concurrent builds succeeds, and the others try again. A build also tries again if there is
 * a higher number after the link: the version that it read was not the newest.
 */
export const fileTimesFunction = `print_times() {
  mkdir -p "$times" || return 1
  n=0; while [ $n -lt 200 ]; do n=$((n+1))
    old=$(ls "$times" | sort -n | tail -n 1); new=$((\${old:-0}+1))
    awk -v old="$times/\${old:-0}" -v draft="$draft" "$program" "$dir/files" >"$dir/times" || return 1
    [ -e "$draft" ] || { cat "$dir/times"; return; }
    [ "$(tail -n 1 "$draft")" = end ] || { echo "$draft: not written in full" >&2; return 1; }
    ln "$draft" "$times/$new" 2>"$dir/failure" && [ "$(ls "$times" | sort -n | tail -n 1)" = $new ] && {
      for version in $(ls "$times"); do [ "$version" -ge $new ] || rm -f "$times/$version"; done
      rm -f "$draft"; cat "$dir/times"; return
    }
    rm -f "$draft"
  done
  cat "$dir/failure" >&2; return 1
}
program='
function is(file, second, content) { return ((file " " second) in sent) && (sent[file " " second] "") == (content "") }
function later(second) { return sprintf("%.0f", second + 1) }
function bind(file, second, content) {
  sent[file " " second] = content
  if (!(file in last) || second + 0 > last[file] + 0) last[file] = second
  if (++count[file] > most) {
    first = list[file]; sub(/ .*/, "", first); delete sent[file " " first]
    sub(/^[^ ]* /, "", list[file]); count[file]--
  }
  list[file] = list[file] second " "
}
function choose(file, second, content) {
  if (is(file, second, content)) return second
  if (count[file] >= most && second + 0 <= last[file] + 0) second = later(last[file])
  while ((file " " second) in sent) {
    if (is(file, second, content)) return second
    second = later(second)
  }
  bind(file, second, content); changed = 1
  return second
}
BEGIN {
  most = 16
  while ((getline line < old) > 0) if (split(line, part, " ") == 3) bind(part[1], part[2], part[3])
}
{ second = choose($1, $2, $3); if (second != $2) print NR, second }
END {
  if (!changed) exit
  for (file in list) {
    seconds = split(list[file], part, " ")
    for (i = 1; i <= seconds; i++) print file, part[i], sent[file " " part[i]] >draft
  }
  print "end" >draft
}'`
