import type { Argv } from '@capstan/core/plugin'

/** Command lines in the image under test. Dockerfiles of build cases also run `sh`, `echo`, `printf`, `cat` and `sleep`. */
export interface ConformancePrograms {
  /** Exits at once with the code. */
  exit(code: number): Argv
  /** Prints the text unchanged and a newline; exits with 0. */
  echo(text: string): Argv
  /** Prints one line on stdout, then another on stderr, then exits with the code. */
  printBoth(line: string, errorLine: string, code: number): Argv
  /** Prints the first line, waits `seconds` (default: 1), prints the second line and exits with 0. */
  printTwice(first: string, second: string, seconds?: number): Argv
  /** Copies stdin to stdout until its end. */
  cat(): Argv
  /** Prints the number of bytes of stdin after its end. */
  count(): Argv
  /** Reads one line of stdin, prints it and exits with the code. */
  firstLine(code: number): Argv
  /** Prints the bytes 0 to 255 in order. */
  bytes(): Argv
  /** Prints the numbers 1 to `count`, one per line. */
  lines(count: number): Argv
  /** Prints that number of bytes, by repeating the line `0123456789abcde`. */
  repeatLine(bytes: number): Argv
  /** Waits without output, then exits with 0. */
  sleep(seconds: number): Argv
  /** Prints the line, then waits for a minute. */
  echoThenSleep(line: string): Argv
  /** Prints `ready`; exits with the code when it receives the signal (`TERM`, `INT`), or with 0 after a minute. */
  exitOnSignal(signal: string, code: number): Argv
  /** Prints `ready` and ignores SIGTERM for a minute. */
  ignoreSigterm(): Argv
  /** Listens on the TCP port and sends the line to each client. */
  listen(port: number, line: string): Argv
  /** Connects to a TCP port and prints the received data. Exits with a code other than 0 within seconds when it cannot connect. */
  connect(host: string, port: number): Argv
  /** Prints the value of a variable and a newline. */
  variable(name: string): Argv
  /** Prints the working directory. */
  directory(): Argv
  /** Prints the user id. */
  user(): Argv
  /** Prints the ids of all groups of the user, separated by spaces. */
  groups(): Argv
  /** Prints the host name. */
  hostname(): Argv
  /** Writes the line to a file; exits with a code other than 0 when that fails. */
  write(path: string, line: string): Argv
  /** Prints a file; exits with a code other than 0 when it does not exist. */
  read(path: string): Argv
  /** Prints a file, then waits for a minute. */
  readThenSleep(path: string): Argv
  /** Writes an executable script that prints `executed`, runs it and exits with its code. */
  execute(path: string): Argv
  /** Creates a directory. */
  makeDirectory(path: string): Argv
  /** Removes a directory with its entries. */
  removeDirectory(path: string): Argv
  /** Prints the names of the entries of a directory, one per line. */
  listDirectory(path: string): Argv
  /** Prints the permission bits of a file in octal. */
  permissions(path: string): Argv
  /** Prints the height and width of the terminal after a second; exits with a code other than 0 without a terminal. */
  terminalSize(): Argv
  /** Prints the size of the terminal each time it reads `ask` on stdin; exits with 0 when it reads `end`. */
  terminalSizes(): { readonly command: Argv; readonly ask: string; readonly end: string }
  /** Prints the memory limit in bytes. */
  memoryLimit(): Argv
  /** Prints the CPU quota and period in microseconds. */
  cpuLimit(): Argv
  /** Prints the maximum number of processes. */
  processLimit(): Argv
  /** Prints the soft limit of open files. */
  openFiles(): Argv
  /** Prints the effective capabilities in the kernel's format of 16 hexadecimal digits. */
  capabilities(): Argv
  /** Prints 1 when the process cannot gain new privileges, else 0. */
  noNewPrivileges(): Argv
  /** Prints the process id. */
  processId(): Argv
  /** Prints the configured name servers, one per line. */
  nameServers(): Argv
  /** Prints the options of the mount `/dev/shm`, with its size in KiB: `rw,size=65536k`. */
  sharedMemory(): Argv
  /** Prints the name of the IPC namespace of the process, such as `ipc:[4026531839]`. */
  ipcNamespace(): Argv
  /** A command that no image has. */
  missing(): Argv
  /** An existing file that is not executable. */
  forbidden(): Argv
}

/** The programs for an image with busybox, with `sh` and the commands on the PATH. */
export const busyboxPrograms: ConformancePrograms = {
  exit: (code) => shell(`exit ${code}`),
  echo: (text) => ['printf', '%s\\n', text],
  printBoth: (line, errorLine, code) => shell(`echo "$1"; echo "$2" >&2; exit ${code}`, line, errorLine),
  printTwice: (first, second, seconds = 1) => shell(`echo "$1"; sleep ${seconds}; echo "$2"`, first, second),
  cat: () => ['cat'],
  count: () => ['wc', '-c'],
  firstLine: (code) => shell(`head -n 1; exit ${code}`),
  bytes: () => ['printf', Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')],
  lines: (count) => ['seq', '1', String(count)],
  repeatLine: (bytes) => shell(`yes 0123456789abcde | head -c ${bytes}`),
  sleep: (seconds) => ['sleep', String(seconds)],
  echoThenSleep: (line) => shell('echo "$1"; sleep 60', line),
  // Sleeps in short steps, because a shell runs a trap only between two commands.
  exitOnSignal: (signal, code) => shell(`trap 'exit ${code}' ${signal}; echo ready; ${'sleep 0.1; '.repeat(600)}`),
  ignoreSigterm: () => shell(`trap '' TERM; echo ready; sleep 60`),
  // A second `-l` makes nc listen again after each client.
  listen: (port, line) => ['nc', '-l', '-l', '-p', String(port), '-e', 'echo', line],
  connect: (host, port) => ['nc', '-w', '2', host, String(port)],
  variable: (name) => shell(`printf '%s\\n' "$${name}"`),
  directory: () => ['pwd'],
  user: () => ['id', '-u'],
  groups: () => ['id', '-G'],
  hostname: () => ['hostname'],
  write: (path, line) => shell(`echo "$1" > ${path}`, line),
  read: (path) => ['cat', path],
  readThenSleep: (path) => shell('cat "$1"; sleep 60', path),
  execute: (path) => shell(`printf '#!/bin/sh\\necho executed\\n' > ${path}; chmod 755 ${path}; ${path}`),
  makeDirectory: (path) => ['mkdir', path],
  removeDirectory: (path) => ['rm', '-rf', path],
  listDirectory: (path) => ['ls', '-A', path],
  permissions: (path) => ['stat', '-c', '%a', path],
  // An engine may set the size only after the process has started.
  terminalSize: () => shell('sleep 1; stty size'),
  terminalSizes: () => ({ command: ['sh'], ask: 'stty size\n', end: 'exit 0\n' }),
  memoryLimit: () => cgroup('memory/memory.limit_in_bytes', 'memory.max'),
  cpuLimit: () =>
    shell(`cd ${cgroupDirectory}; cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us 2>/dev/null || cat cpu.max`),
  processLimit: () => cgroup('pids/pids.max', 'pids.max'),
  openFiles: () => shell('ulimit -n'),
  capabilities: () => processStatus('CapEff'),
  noNewPrivileges: () => processStatus('NoNewPrivs'),
  processId: () => shell('echo $$'),
  nameServers: () => ['awk', '/^nameserver/ { print $2 }', '/etc/resolv.conf'],
  sharedMemory: () => ['awk', '/ \\/dev\\/shm / { print $4 }', '/proc/mounts'],
  ipcNamespace: () => ['readlink', '/proc/self/ns/ipc'],
  missing: () => ['/capstan-no-such-program'],
  forbidden: () => ['/etc/passwd'],
}

function shell(script: string, ...words: readonly string[]): Argv {
  return words.length === 0 ? ['sh', '-c', script] : ['sh', '-c', script, 'sh', ...words]
}

/** Prints the file of cgroup v1, or else that of cgroup v2. */
function cgroup(v1: string, v2: string): Argv {
  return shell(`cd ${cgroupDirectory}; cat ${v1} 2>/dev/null || cat ${v2}`)
}

/** Prints a field of the status of the process that reads it. */
function processStatus(field: string): Argv {
  return ['awk', `/^${field}:/ { print $2 }`, '/proc/self/status']
}

const cgroupDirectory = '/sys/fs/cgroup'
