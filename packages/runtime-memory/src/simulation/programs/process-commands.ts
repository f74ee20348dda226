import { delay } from '@capstan/core/plugin'
import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { fail, reportErrors, write } from './command-io.js'

/** Commands about the process itself: its environment, user, terminal and exit code. */
export const processCommands: Readonly<Record<string, MemoryProgram>> = {
  env,
  exit: async ({ argv: [, code = '0'] }) => Number(code),
  false: async () => 1,
  hostname,
  id,
  pwd,
  sleep,
  stty,
  true: async () => 0,
  whoami,
}

async function env({ env: variables, stdout }: MemoryProcess): Promise<number> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  await write(stdout, lines.join(''))
  return 0
}

async function hostname(process: MemoryProcess): Promise<number> {
  return await reportErrors(process, async () => {
    await write(process.stdout, await process.files.read('/etc/hostname'))
  })
}

/** `id -u`, `id -g`, `id -G`, `id -un`: the ids or the name of the configured user. */
async function id(process: MemoryProcess): Promise<number> {
  const [, option = '-u'] = process.argv
  const { name, uid, gid } = await findAccount(process)
  const values = new Map([
    ['-u', uid],
    ['-g', gid],
    ['-G', [gid, ...process.groups].join(' ')],
    ['-un', name],
  ])
  const value = values.get(option)
  if (value === undefined) return await fail(process, `unknown option ${option}`)
  await write(process.stdout, `${value}\n`)
  return 0
}

async function pwd({ workingDirectory, stdout }: MemoryProcess): Promise<number> {
  await write(stdout, `${workingDirectory}\n`)
  return 0
}

/** `sleep SECONDS…`, `sleep infinity` */
async function sleep(process: MemoryProcess): Promise<number> {
  const [, ...given] = process.argv
  const seconds = given.map((text) => (text === 'infinity' ? Number.MAX_SAFE_INTEGER : Number(text)))
  if (seconds.length === 0 || seconds.some(Number.isNaN)) return await fail(process, 'expected a number of seconds')
  const milliseconds = seconds.reduce((sum, value) => sum + value, 0) * 1000
  await delay(Math.min(milliseconds, longestDelayMs), { signal: process.signal, ref: false })
  return 0
}

/** `stty size` prints height and width. */
async function stty(process: MemoryProcess): Promise<number> {
  if (!process.terminal) return await fail(process, 'standard input: Not a tty')
  const { height = 0, width = 0 } = process.terminalSize() ?? {}
  await write(process.stdout, `${height} ${width}\n`)
  return 0
}

async function whoami(process: MemoryProcess): Promise<number> {
  await write(process.stdout, `${(await findAccount(process)).name}\n`)
  return 0
}

/** Finds the configured user in /etc/passwd. Without an entry, the user is its own name and id. */
async function findAccount({ user, files }: MemoryProcess) {
  const [wanted = '', group] = (user === '' ? 'root' : user).split(':')
  const passwd = Buffer.from(await files.read('/etc/passwd').catch(() => rootAccount))
  const accounts = passwd
    .toString()
    .split('\n')
    .map((line) => line.split(':'))
  const account = accounts.find(([name, , uid]) => name === wanted || uid === wanted)
  const [name = wanted, , uid = wanted, gid = '0'] = account ?? []
  return { name, uid, gid: group ?? gid }
}

const rootAccount = Buffer.from('root:x:0:0:root:/root:/bin/sh\n')
/** The longest delay of Node's timers. */
const longestDelayMs = 2 ** 31 - 1
