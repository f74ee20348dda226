import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const enter = fileURLToPath(new URL('./enter.pl', import.meta.url))

/**
 * Starts a real process, in new namespaces or in those of another process.
 *
 * Resolves just before the program runs: `{ child, stdin, stdout, stderr, ended, problem }`. A problem has code 125, 126 or 127.
 *
 * @param {string} home
 * @param {Record<string, string | readonly string[] | undefined>} spec
 * @param {{ readonly inside?: number, readonly limits?: readonly string[] }} [options]
 */
export async function startProgram(home, spec, { inside, limits = [] } = {}) {
  const words = toWords(home, spec, { inside, limits })
  const child = spawn(words[0], words.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  })
  for (const stream of child.stdio) stream.on('error', () => {})
  const ended = new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? 128 + (signals[signal] ?? 9))),
  )
  // At once, because Node drops unread output when a child ends.
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.pipe(new PassThrough()))
  const [code, text] = await readStatus(child)
  return {
    child,
    stdin: child.stdin,
    stdout,
    stderr,
    ended,
    resize: () => {},
    problem: code === 0 ? undefined : { code, text },
  }
}

/**
 * As `startProgram`, at a pseudo-terminal. stdout carries both outputs.
 *
 * @param {string} home
 * @param {Record<string, string | readonly string[] | undefined>} spec
 * @param {{ readonly inside?: number, readonly limits?: readonly string[], readonly size?: { readonly rows: number, readonly columns: number } }} [options]
 */
export async function startAtTerminal(home, spec, { inside, limits = [], size = { rows: 24, columns: 80 } } = {}) {
  const { default: library } = await import('@lydell/node-pty')
  const status = join(home, `status-${randomUUID()}`)
  const words = toWords(home, { ...spec, status }, { inside, limits })
  const terminal = library.spawn(words[0], words.slice(1), {
    name: 'xterm',
    cols: size.columns,
    rows: size.rows,
    encoding: null,
    env: { PATH: process.env.PATH },
  })
  const stdout = new PassThrough()
  terminal.onData((data) => {
    if (stdout.write(data)) return
    terminal.pause()
    stdout.once('drain', () => terminal.resume())
  })
  readToEnd(terminal, (data) => stdout.write(data))
  let hasEnded = false
  const ended = new Promise((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      hasEnded = true
      stdout.end()
      resolve(signal ? 128 + signal : exitCode)
    })
  })
  const stdin = new Writable({
    write(chunk, _, done) {
      if (!hasEnded) terminal.write(chunk)
      done()
    },
  })
  const resize = ({ rows, columns }) => {
    try {
      if (!hasEnded) terminal.resize(columns, rows)
    } catch {
      // The terminal is closed shortly before its exit is reported.
    }
  }
  while (!hasEnded && !(existsSync(status) && readFileSync(status, 'utf8').includes('\n')))
    await new Promise((resolve) => setTimeout(resolve, 3))
  const text = existsSync(status) ? readFileSync(status, 'utf8') : '125 the launcher ended'
  rmSync(status, { force: true })
  const code = Number(text.split(' ')[0])
  const problem = code === 0 ? undefined : { code, text: text.trim().slice(text.indexOf(' ') + 1) }
  return { child: { pid: terminal.pid }, stdin, stdout, stderr: new PassThrough().end(), ended, resize, problem }
}

/** The same as in the runtime: node-pty would close the terminal before the last byte was read. */
function readToEnd({ _socket: socket, fd }, onData) {
  const close = socket.destroy.bind(socket)
  let isClosed = false
  socket.destroy = (error) => {
    if (!isClosed) {
      isClosed = true
      // Data that a paused socket has already read is emitted as usual.
      while (socket.read() !== null);
      for (let data = readNext(fd); data.length > 0; data = readNext(fd)) onData(data)
    }
    return close(error)
  }
}

function readNext(fd) {
  const buffer = Buffer.alloc(65_536)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch {
    return buffer.subarray(0, 0)
  }
}

function toWords(home, spec, { inside, limits }) {
  const file = join(home, `spec-${randomUUID()}`)
  writeFileSync(file, toSpec({ arch: process.arch, ...spec }))
  const others =
    inside === undefined
      ? []
      : ['nsenter', '--target', String(inside), '--mount', '--pid', '--net', '--ipc', '--uts', '--']
  return [...(limits.length > 0 ? ['prlimit', ...limits] : []), ...others, 'perl', enter, file]
}

/** The pid of the first process in the namespaces that `startProgram` created. 0 if it has ended. */
export function findFirst({ pid }) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
  } catch {
    return 0
  }
}

function toSpec(spec) {
  return Object.entries(spec)
    .flatMap(([key, value]) => (value === undefined ? [] : [value].flat().map((entry) => `${key}\0${entry}\0`)))
    .join('')
}

function readStatus(child) {
  return new Promise((resolve) => {
    let text = ''
    child.stdio[3].on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve([Number(text.split(' ')[0]), text.trim().slice(text.indexOf(' ') + 1)])
    })
    child.stdio[3].on('close', () => resolve([125, 'the launcher ended']))
    child.on('error', (error) => resolve([125, error.message]))
  })
}

/** Kills all running programs and waits for their end. */
export async function stopAll(state) {
  const runs = [...state.containers.values()].flatMap(({ run }) => (run === undefined ? [] : [run]))
  for (const { pid } of runs) kill(pid, 'SIGKILL')
  await Promise.all(runs.map(({ ended }) => ended))
  for (const server of state.held) server.close()
}

export function kill(pid, signal) {
  if (pid === 0) return
  try {
    process.kill(pid, signal)
  } catch {
    // The process has ended.
  }
}

export const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGTERM: 15,
}

/** Copies a tree. Large executables and symbolic links are hard-linked, which is faster. */
export function copyTree(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isSymbolicLink()) linkSync(source, target)
    else if (entry.isDirectory()) {
      mkdirSync(target, { recursive: true })
      copyTree(source, target)
      keepOwner(source, target)
    } else if (entry.isFile()) {
      const { size, mode } = lstatSync(source)
      if (size > 65_536 && (mode & 0o111) !== 0) linkSync(source, target)
      else {
        copyFileSync(source, target)
        keepOwner(source, target)
      }
    }
  }
}

function keepOwner(source, target) {
  const { mode, uid, gid } = lstatSync(source)
  chownSync(target, uid, gid)
  chmodSync(target, mode)
}
