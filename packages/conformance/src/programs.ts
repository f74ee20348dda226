import type { Argv } from '@capstan/core/plugin'

/** The programs that the cases run, as command lines of the image under test. None of them reads a terminal's keys. */
export interface ConformancePrograms {
  /** Ends at once with the code. */
  exit(code: number): Argv
  /** Prints the text, as it is, and a newline; ends with 0. */
  echo(text: string): Argv
  /** As `echo`, on stderr. */
  complain(text: string): Argv
  /** Prints one line on stdout, then another on stderr, then ends with the code. */
  report(line: string, complaint: string, code: number): Argv
  /** Prints the line, waits `seconds` (1, or more where the cases have a longer limit), prints the other one, and ends with 0. */
  pause(line: string, other: string, seconds?: number): Argv
  /** Copies stdin to stdout until its end. */
  cat(): Argv
  /** Prints the number of bytes on stdin, after its end. */
  count(): Argv
  /** Reads one line of stdin, prints it, and ends with the code. */
  firstLine(code: number): Argv
  /** Prints every byte from 0 to 255 once, in order. */
  bytes(): Argv
  /** Prints `1` to `count`, each on a line. */
  lines(count: number): Argv
  /** Prints so many bytes: the digits and letters `0123456789abcde` and a newline, again and again. */
  burst(bytes: number): Argv
  /** Waits in silence, then ends with 0. */
  sleep(seconds: number): Argv
  /** Prints the line, then waits in silence for a minute. */
  announce(line: string): Argv
  /** Prints `ready`, and ends with the code as soon as the signal comes (`TERM`, `INT`). */
  obey(signal: string, code: number): Argv
  /** Prints `ready`, and ignores SIGTERM for a minute. */
  ignore(): Argv
  /** Serves each connection to the TCP port with the line. */
  listen(port: number, line: string): Argv
  /** Prints what a TCP port sends, until its end; ends with another code than 0, within seconds, where it cannot be reached. */
  connect(host: string, port: number): Argv
  /** Prints a variable's value and a newline. */
  variable(name: string): Argv
  /** Prints the working directory. */
  directory(): Argv
  /** Prints the user's number. */
  user(): Argv
  /** Prints the numbers of all groups of the user, a space between them. */
  groups(): Argv
  /** Prints the host's own name. */
  hostname(): Argv
  /** Writes the line to a file; ends with another code than 0 where it may not. */
  write(path: string, line: string): Argv
  /** Prints a file; ends with another code than 0 where there is none. */
  read(path: string): Argv
  /** Writes an executable script that prints `executed`, runs it, and ends with its code. */
  execute(path: string): Argv
  /** Prints a file's permission bits in octal. */
  permissions(path: string): Argv
  /** Prints, after a second, the height and width of the terminal; ends with another code than 0 where there is none. */
  terminalSize(): Argv
  /** Prints the terminal's size whenever it reads `ask` on stdin, and ends with 0 after `end`. */
  terminalSizes(): { readonly command: Argv; readonly ask: string; readonly end: string }
  /** Prints the limit of memory in bytes. */
  memoryLimit(): Argv
  /** Prints the CPUs' quota and period in microseconds. */
  cpuLimit(): Argv
  /** Prints how many processes there may be. */
  processLimit(): Argv
  /** Prints how many files may be open, softly. */
  openFiles(): Argv
  /** Prints the effective capabilities as the kernel writes them: 16 hexadecimal digits. */
  capabilities(): Argv
  /** Prints 1 where the process can get no new privileges, else 0. */
  noNewPrivileges(): Argv
  /** Prints the process's own number. */
  processId(): Argv
  /** Prints the configured name servers, each on a line. */
  nameServers(): Argv
  /** What no image has. */
  missing(): Argv
  /** A file that is there and may not be executed. */
  forbidden(): Argv
}

/** For an image with busybox in it, whose `sh` and commands are on the PATH. */
export const busyboxPrograms: ConformancePrograms = {
  exit: (code) => shell(`exit ${code}`),
  echo: (text) => ['printf', '%s\\n', text],
  complain: (text) => shell('printf "%s\\n" "$1" >&2', text),
  report: (line, complaint, code) => shell(`echo "$1"; echo "$2" >&2; exit ${code}`, line, complaint),
  pause: (line, other, seconds = 1) => shell(`echo "$1"; sleep ${seconds}; echo "$2"`, line, other),
  cat: () => ['cat'],
  count: () => ['wc', '-c'],
  firstLine: (code) => shell(`head -n 1; exit ${code}`),
  bytes: () => ['printf', Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')],
  lines: (count) => ['seq', '1', String(count)],
  burst: (bytes) => shell(`yes 0123456789abcde | head -c ${bytes}`),
  sleep: (seconds) => ['sleep', String(seconds)],
  announce: (line) => shell('echo "$1"; sleep 60', line),
  // In slices: a shell minds its traps between two commands.
  obey: (signal, code) => shell(`trap 'exit ${code}' ${signal}; echo ready; ${'sleep 0.1; '.repeat(600)}`),
  ignore: () => shell(`trap '' TERM; echo ready; sleep 60`),
  // `-l` twice: it goes on listening.
  listen: (port, line) => ['nc', '-l', '-l', '-p', String(port), '-e', 'echo', line],
  connect: (host, port) => ['nc', '-w', '2', host, String(port)],
  variable: (name) => shell(`printf '%s\\n' "$${name}"`),
  directory: () => ['pwd'],
  user: () => ['id', '-u'],
  groups: () => ['id', '-G'],
  hostname: () => ['hostname'],
  write: (path, line) => shell(`echo "$1" > ${path}`, line),
  read: (path) => ['cat', path],
  execute: (path) => shell(`printf '#!/bin/sh\\necho executed\\n' > ${path}; chmod 755 ${path}; ${path}`),
  permissions: (path) => ['stat', '-c', '%a', path],
  // An engine may set the size only when the process is there.
  terminalSize: () => shell('sleep 1; stty size'),
  terminalSizes: () => ({ command: ['sh'], ask: 'stty size\n', end: 'exit 0\n' }),
  memoryLimit: () => cgroup('memory/memory.limit_in_bytes', 'memory.max'),
  cpuLimit: () => shell(`cd ${groups}; cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us 2>/dev/null || cat cpu.max`),
  processLimit: () => cgroup('pids/pids.max', 'pids.max'),
  openFiles: () => shell('ulimit -n'),
  capabilities: () => status('CapEff'),
  noNewPrivileges: () => status('NoNewPrivs'),
  processId: () => shell('echo $$'),
  nameServers: () => ['awk', '/^nameserver/ { print $2 }', '/etc/resolv.conf'],
  missing: () => ['/capstan-no-such-program'],
  forbidden: () => ['/etc/passwd'],
}

function shell(script: string, ...words: readonly string[]): Argv {
  return words.length === 0 ? ['sh', '-c', script] : ['sh', '-c', script, 'sh', ...words]
}

/** The first version's file, else the second's. */
function cgroup(first: string, second: string): Argv {
  return shell(`cd ${groups}; cat ${first} 2>/dev/null || cat ${second}`)
}

function status(field: string): Argv {
  return ['awk', `/^${field}:/ { print $2 }`, '/proc/self/status']
}

const groups = '/sys/fs/cgroup'
