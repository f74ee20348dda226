/**
 * The shell function `print_changed_times`. It gives each content of a file its own modification time, because BuildKit treats
 * a file as unchanged when size, mode and time are equal (see `ContextFiles`).
 *
 * It reads `$dir/files`, which has a line `FILE SECOND CONTENT` for each file of a context: FILE is a hash of path and size,
 * SECOND the modification time in seconds since 1970, CONTENT a digest of the content. It prints a line `NUMBER SECOND` for
 * each file whose time must change. NUMBER is the line number of the file.
 *
 * `$times` is the directory in which the times of earlier builds are recorded: the last 16 pairs of SECOND and CONTENT of each
 * FILE. A SECOND of a FILE is used for one content only. A content that is not recorded keeps its second if it is free, and
 * otherwise gets the next free one. When 16 contents are recorded, older ones may have been forgotten, so the new one gets a
 * second after all recorded ones.
 *
 * The record is the file `record`. Concurrent builds read and replace it one after the other: each locks the directory by
 * `flock` (of busybox or util-linux), and the kernel releases the lock of a killed process. A build writes a new record to a
 * draft, and renames the draft when it is complete. In an image without `flock`, concurrent builds may record the same second
 * for two contents: see docs/buildkit.md.
 */
export const fileTimesFunction = `print_changed_times() {
  mkdir -p "$times" && {
    { ! command -v flock >/dev/null || flock 9; } || return 1
    awk -v old="$times/record" -v draft="$draft" "$program" "$dir/files" >"$dir/times" || return 1
    if [ -e "$draft" ]; then
      [ "$(tail -n 1 "$draft")" = end ] || { echo "$draft: not written in full" >&2; return 1; }
      mv "$draft" "$times/record" || return 1
    fi
  } 9<"$times" && cat "$dir/times"
}
program='
function isRecorded(file, second, content) {
  return ((file " " second) in contentOf) && (contentOf[file " " second] "") == (content "")
}
function nextSecond(second) { return sprintf("%.0f", second + 1) }
function record(file, second, content) {
  contentOf[file " " second] = content
  if (!(file in lastSecond) || second + 0 > lastSecond[file] + 0) lastSecond[file] = second
  if (++recordCount[file] > maxRecords) {
    oldest = secondsOf[file]; sub(/ .*/, "", oldest); delete contentOf[file " " oldest]
    sub(/^[^ ]* /, "", secondsOf[file]); recordCount[file]--
  }
  secondsOf[file] = secondsOf[file] second " "
}
function chooseSecond(file, second, content) {
  if (isRecorded(file, second, content)) return second
  if (recordCount[file] >= maxRecords && second + 0 <= lastSecond[file] + 0) second = nextSecond(lastSecond[file])
  while ((file " " second) in contentOf) {
    if (isRecorded(file, second, content)) return second
    second = nextSecond(second)
  }
  record(file, second, content); changed = 1
  return second
}
BEGIN {
  maxRecords = 16
  while ((getline line < old) > 0) if (split(line, part, " ") == 3) record(part[1], part[2], part[3])
}
{ second = chooseSecond($1, $2, $3); if (second != $2) print NR, second }
END {
  if (!changed) exit
  for (file in secondsOf) {
    seconds = split(secondsOf[file], part, " ")
    for (i = 1; i <= seconds; i++) print file, part[i], contentOf[file " " part[i]] >draft
  }
  print "end" >draft
}'`
