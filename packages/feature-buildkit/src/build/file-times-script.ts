/**
 * The shell function `answer_times`. It reads `$dir/files`, which has a line `FILE SECOND CONTENT` for each file of a
 * context, and writes a line `NUMBER SECOND` for each file that must get another time; NUMBER is the number of its line.
 *
 * `$times` is the directory of the record of all answers: of one FILE each SECOND belongs to one CONTENT for ever. The last
 * 16 pairs of a file are remembered; after that an unknown content gets a second after all that were ever given.
 *
 * The record is a file whose name is a number; the highest number counts. A build writes a new version beside it and links
 * it to the next number, which of several builds only one can do. It makes another attempt when there is a higher number
 * afterwards: it had read a version that was no longer the last.
 */
export const fileTimesFunction = `answer_times() {
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
